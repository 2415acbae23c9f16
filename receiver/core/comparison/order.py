"""Which of a comparison's findings a run carries out, and with what decision.

Without a plan that is everything but what is held. With one it is what the plan
holds and the comparison still finds, each in the way the plan says: a person's word
covers what was shown, and nothing that came since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from receiver.core.attributes import from_text
from receiver.core.causes import Cause
from receiver.core.comparison.differences import Difference, Key, Kind
from receiver.core.comparison.finding import Finding
from receiver.core.comparison.weigh import DELETE_CAUSES, MASS_CAUSES
from receiver.core.rules import RETAIN
from receiver.core.state import Decision, Entry, SecretRef

#: Left alone by a prune: its rule said so, or it is not ours to end.
_KEPT = (
    Cause.MOUNT_UNKNOWN,
    Cause.RELEASED,
    Cause.RETAINED,
    Cause.ROTATION_ON,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """``planned`` says what was shown: kind and cause by key; None: there is no plan.
    ``by`` is the name of a token."""

    planned: Mapping[Key, tuple[str, str | None]] | None = None
    force: bool = False
    prune: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A finding that is carried out, after ``decision`` was written down."""

    finding: Finding
    decision: Decision | None = None

    @property
    def deed(self) -> Kind | None:
        """What a worker does if all goes well; None: nothing that people count."""
        action = self.finding.action
        if self.decision is not None or action is Kind.HELD:
            return Kind.DELETE
        if action in (Kind.PARKED, Kind.CONFLICT):
            return Kind.UPDATE
        return None if action is Kind.ORPHANED else action


def order_of(plan: Mapping[str, Any], *, force: bool, prune: bool, by: str) -> Order:
    """What a kept plan allows."""
    planned = {
        (
            SecretRef(one["namespace"], one["mount"], one["path"]),
            one["rule"],
            one["region"],
            one["name"],
        ): (one["action"], one["cause"])
        for one in plan["changes"]
    }
    return Order(planned=planned, force=force, prune=prune, by=by)


def choose(finding: Finding, order: Order) -> Chosen | None:
    """None: this run leaves it alone."""
    told = finding.difference
    if told is None:
        return Chosen(finding) if order.planned is None or not finding.look else None
    if told.action is Kind.ORPHANED:
        return _orphan(finding, told, order)
    if order.planned is None:
        return Chosen(finding) if finding.look or finding.record else None
    kind, cause = order.planned.get(told.key, (None, None))
    if kind == Kind.HELD and cause in DELETE_CAUSES and _is_delete(told):
        if order.force:
            forced = replace(finding, look=True, doubt=True)
            return Chosen(forced, Decision.FORCE)
        return Chosen(finding) if finding.record else None
    allowed = kind == told.action or (
        # What the brake will hold is for the worker to hold; and a mass that was
        # shown as held is wanted by now.
        (kind == Kind.DELETE and _is_delete(told))
        or (kind == Kind.HELD and cause in MASS_CAUSES)
    )
    return Chosen(finding) if allowed else None


def as_shown(finding: Finding, order: Order) -> Finding:
    """The finding as the plan has it: a plan asks AWS about each create, and so knows
    of conflicts that no listing shows."""
    told = finding.difference
    if told is None or order.planned is None or told.action is not Kind.CREATE:
        return finding
    kind, cause = order.planned.get(told.key, (told.action, told.cause))
    return replace(finding, difference=replace(told, action=Kind(kind), cause=cause))


def _orphan(finding: Finding, told: Difference, order: Order) -> Chosen | None:
    if order.planned is not None and told.key not in order.planned:
        return None
    if order.prune and told.cause not in _KEPT and _may_end(finding.entry):
        pruned = replace(finding, look=True, doubt=True)
        return Chosen(pruned, Decision.PRUNE)
    return Chosen(finding) if finding.look or finding.record else None


def _may_end(entry: Entry | None) -> bool:
    """Whether its last rule is known, and would have deleted it."""
    spec = from_text(entry.attributes, region=entry.region) if entry else None
    return spec is not None and spec.on_delete != RETAIN


def _is_delete(told: Difference) -> bool:
    return told.action is Kind.DELETE or (
        told.action is Kind.HELD and told.cause in DELETE_CAUSES
    )
