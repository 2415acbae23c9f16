"""Which secrets are replicated, and how: rules and their globs.

A glob is matched against a path without slashes at its ends. ``**`` crosses
slashes, ``*`` and ``?`` do not; ``**/`` also matches nothing, so that ``**/x``
holds for ``x``. Everything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from receiver.core.state import Replica, SecretRef, Value

SCHEDULE, RETAIN, FORCE = "schedule", "retain", "force"
#: The key of ``custom_metadata`` by which a secret's owner decides.
OPT_KEY = "replicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """Where a rule's secrets go and what they look like there.

    ``region`` is empty only until the configuration's own takes its place.
    ``role_arn`` is assumed for every call, None: our own role.
    """

    name: str = "{mount}/{path}"
    format_key: str | None = None
    description: str | None = None
    kms_key_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    on_delete: str = SCHEDULE
    recovery_window_days: int = 30
    replicas: tuple[Replica, ...] = ()
    region: str = ""
    role_arn: str | None = None
    external_id: str | None = None

    @property
    def account(self) -> tuple[str, str]:
        """What tells accounts and Regions apart: a name is unique within it."""
        return self.region, self.role_arn or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the mapping; ``namespace`` and ``mount`` are globs too."""

    name: str
    mount: str
    namespace: str = ""
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    opt_in: bool = False
    target: TargetSpec = field(default_factory=TargetSpec)

    def covers_mount(self, namespace: str, mount: str) -> bool:
        """Whether secrets of this mount can match at all."""
        return matches(self.namespace, namespace) and matches(self.mount, mount)

    def wants(self, value: Value) -> bool:
        """Whether the secret's own ``custom_metadata`` let it be replicated."""
        flag = value.custom_metadata.get(OPT_KEY, "").lower()
        return flag == "true" if self.opt_in else flag != "false"

    def matches(self, ref: SecretRef) -> bool:
        """Whether this rule replicates ``ref``, by its place."""
        return (
            bool(ref.mount)
            and self.covers_mount(ref.namespace, ref.mount)
            and any(matches(glob, ref.path) for glob in self.include)
            and not any(matches(glob, ref.path) for glob in self.exclude)
        )


def rules_for(rules: tuple[Rule, ...], ref: SecretRef) -> list[Rule]:
    """The rules that replicate ``ref``, in the order of the configuration."""
    return [rule for rule in rules if rule.matches(ref)]


def is_glob(pattern: str) -> bool:
    """Whether ``pattern`` can stand for more than one path."""
    return "*" in pattern or "?" in pattern


def matches(glob: str, path: str) -> bool:
    """Whether ``glob`` stands for ``path``."""
    return glob == path or _compiled(glob).fullmatch(path) is not None


_WILD = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    parts, end = [], 0
    for wild in _WILD.finditer(glob):
        parts += [re.escape(glob[end : wild.start()]), _MEANING[wild[0]]]
        end = wild.end()
    return re.compile("".join([*parts, re.escape(glob[end:])]), re.DOTALL)
