"""What there is, as far as a set-up looks at it. Nothing in here is a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from receiver.core.render import Json
from receiver.core.rules import Rule, is_glob
from vault_audit_forwarder.audit_device import Device


@dataclass(frozen=True, slots=True)
class Engine:
    """A secrets engine: ``version`` is 1 or 2 of KV, and 0 of all others."""

    type: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``engines`` are by namespace and path, of those namespaces that were looked at;
    ``no_namespaces`` are not there. ``auth`` is the type of each method by its mount.
    ``role`` and ``config`` are the method's, None when there is none.

    ``unfit`` says by its name (``token``, ``role_id``, ``secret_id``) why a part of
    the receiver's credential does not do, ``foreign`` why it must not be replaced.
    ``devices`` is None when Vault was not asked, or did not say. ``deaf`` are addresses
    at which nothing listens. ``samples`` are the secrets of the sample that exist.
    """

    is_openbao: bool = False
    version: str = ""
    engines: Mapping[tuple[str, str], Engine] = field(default_factory=dict)
    no_namespaces: Collection[str] = ()
    policy: str | None = None
    auth: Mapping[str, str] = field(default_factory=dict)
    role: Mapping[str, Json] | None = None
    config: Mapping[str, Json] | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)
    foreign: str = ""
    devices: Sequence[Device] | None = None
    deaf: Collection[str] = ()
    samples: Collection[str] = ()
    stanza: str | None = None

    def covered(self, rule: Rule) -> list[tuple[str, str]]:
        """Namespace and path of the KV engines that a rule covers."""
        return [
            place
            for place, engine in sorted(self.engines.items())
            if engine.version and rule.covers_mount(*place)
        ]


def has_glob(rule: Rule) -> bool:
    """Whether a rule does not name its one mount."""
    return is_glob(rule.mount) or is_glob(rule.namespace)
