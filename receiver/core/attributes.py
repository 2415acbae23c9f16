"""What a rule says of a secret besides its value: description, key, tags, replicas.

What the rule names is made so. What it named when it was last applied, and names no
more, is taken back. All else belongs to others and stays. What was applied is kept in
the journal as text, with the way the secret is to end, so that an orphan's last rule
is still known when the rule is gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.core.rules import TargetSpec
from receiver.core.state import Observed, Replica


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has to be done. An empty ``description`` removes it, an empty
    ``kms_key_id`` goes back to AWS's own key; None leaves either as it is."""

    description: str | None = None
    kms_key_id: str | None = None
    tag: Mapping[str, str] = field(default_factory=dict)
    untag: tuple[str, ...] = ()
    replicate: tuple[Replica, ...] = ()
    detach: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Changes()

    def __str__(self) -> str:
        """What is touched, in words for a plan."""
        parts = (
            (self.description is not None, "description"),
            (self.kms_key_id is not None, "KMS key"),
            (bool(self.tag or self.untag), "tags"),
            (bool(self.replicate or self.detach), "replicas"),
        )
        return ", ".join(name for is_touched, name in parts if is_touched)


def as_text(spec: TargetSpec) -> str:
    """What the journal keeps of ``spec``. Equal rules give equal text."""
    return json.dumps(
        {
            "description": spec.description,
            "external_id": spec.external_id,
            "kms_key_id": spec.kms_key_id,
            "on_delete": spec.on_delete,
            "recovery_window_days": spec.recovery_window_days,
            "replicas": sorted([one.region, one.kms_key_id] for one in spec.replicas),
            "role_arn": spec.role_arn,
            "tags": dict(spec.tags),
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def from_text(text: str | None, *, region: str) -> TargetSpec | None:
    """The part of a rule that :func:`as_text` kept; None when nothing was."""
    if text is None:
        return None
    kept: dict[str, Any] = json.loads(text)
    kept["replicas"] = tuple(Replica(*one) for one in kept["replicas"])
    return TargetSpec(region=region, **kept)


def changes(
    spec: TargetSpec, observed: Observed, before: str | None, tags: Mapping[str, str]
) -> Changes:
    """From what AWS shows to what ``spec`` says.

    ``before`` is the text of what was last applied, ``tags`` are those that must be
    there besides the rule's.
    """
    last = from_text(before, region=spec.region) or TargetSpec()
    wanted = {**spec.tags, **tags}
    missing = {k: v for k, v in wanted.items() if observed.tags.get(k) != v}
    stale = (last.tags.keys() - wanted.keys()) & observed.tags.keys()
    replicate, detach = _replicas(spec, observed, last)
    return Changes(
        description=_description(spec, observed, last),
        kms_key_id=_key(spec, observed, last),
        tag=missing,
        untag=tuple(sorted(stale)),
        replicate=replicate,
        detach=detach,
    )


def same_key(configured: str, shown: str | None) -> bool:
    """Whether AWS means the configured key: it may show an ARN for an id or alias."""
    return shown is not None and (
        shown == configured or shown.endswith((f":{configured}", f"/{configured}"))
    )


def _description(spec: TargetSpec, observed: Observed, last: TargetSpec) -> str | None:
    wanted = spec.description
    if wanted is None:
        wanted = "" if last.description else None
    return None if wanted == (observed.description or "") else wanted


def _key(spec: TargetSpec, observed: Observed, last: TargetSpec) -> str | None:
    if spec.kms_key_id is None:
        return "" if last.kms_key_id and observed.kms_key_id else None
    if same_key(spec.kms_key_id, observed.kms_key_id):
        return None
    # An alias may be shown as its key; what was applied once is believed.
    was_applied = spec.kms_key_id == last.kms_key_id and observed.kms_key_id
    return None if was_applied else spec.kms_key_id


def _replicas(
    spec: TargetSpec, observed: Observed, last: TargetSpec
) -> tuple[tuple[Replica, ...], tuple[str, ...]]:
    if observed.replicas is None:
        return (), ()
    there = {one.region: one for one in observed.replicas}
    wanted = {one.region: one for one in spec.replicas}
    stale = {one.region for one in last.replicas} - wanted.keys()
    other_key = {
        region
        for region, one in wanted.items()
        if region in there
        and one.kms_key_id
        and not same_key(one.kms_key_id, there[region].kms_key_id)
        and one not in last.replicas
    }
    missing = (wanted.keys() - there.keys()) | other_key
    return (
        tuple(wanted[region] for region in sorted(missing)),
        tuple(sorted((stale & there.keys()) | other_key)),
    )
