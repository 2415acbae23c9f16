"""A plan as people and programs read it: JSON-ready, without any value.

Its id is made of what would be done to what, and of nothing that changes by itself,
so equal plans have equal ids, whenever they were made.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from receiver.core.comparison.differences import Difference, Kind
from receiver.core.comparison.weigh import BrakeLine
from receiver.core.rules import Rule
from receiver.core.scope import Scope

FORMAT_VERSION = 1
_ID_LENGTH = 12
_ORDER = {kind: number for number, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a plan says besides its changes. ``at`` is in epoch seconds, ``calls``
    counts those to ``vault`` and ``aws``."""

    at: float
    source: str
    scope: Scope
    rules: Sequence[Rule]
    unchanged: int
    brake: Sequence[BrakeLine]
    calls: Mapping[str, int]
    seconds: float
    faults: Sequence[str]
    warnings: Sequence[str]


def plan_document(
    differences: Iterable[Difference], outline: Outline
) -> dict[str, Any]:
    """The whole plan."""
    changes = [_change(one) for one in sorted(differences, key=_order)]
    counts = Counter(change["action"] for change in changes)
    return {
        "format_version": FORMAT_VERSION,
        "id": _id(changes),
        "at": round(outline.at, 3),
        "source": outline.source,
        "scope": asdict(outline.scope),
        "summary": {kind.value: counts[kind] for kind in Kind}
        | {"unchanged": outline.unchanged},
        "changes": changes,
        "brake": [brake_document(line) for line in outline.brake],
        "rules": [_rule(rule) for rule in outline.rules],
        "calls": dict(outline.calls),
        "seconds": round(outline.seconds, 3),
        "faults": list(outline.faults),
        "warnings": list(outline.warnings),
    }


def brake_document(line: BrakeLine) -> dict[str, Any]:
    """One rule's arithmetic."""
    return asdict(line)


def _order(one: Difference) -> tuple[str, int, Any, str]:
    return one.rule, _ORDER[one.action], one.ref, one.name


def _change(one: Difference) -> dict[str, Any]:
    return {
        "action": one.action.value,
        "namespace": one.ref.namespace,
        "mount": one.ref.mount,
        "path": one.ref.path,
        "name": one.name,
        "region": one.region,
        "rule": one.rule,
        "from": one.before,
        "to": one.after,
        "reason": one.reason,
        "cause": None if one.cause is None else str(one.cause),
    }


def _id(changes: Iterable[Mapping[str, Any]]) -> str:
    lasting = [
        {key: change[key] for key in change if key != "reason"} for change in changes
    ]
    text = json.dumps(lasting, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def _rule(rule: Rule) -> dict[str, Any]:
    mount = "/".join(filter(None, (rule.namespace, rule.mount)))
    return {
        "name": rule.name,
        "mount": mount,
        "template": rule.target.name,
        "on_delete": rule.target.on_delete,
    }
