"""The safety net: both sides compared completely, and what differs queued.

It finds what no event told of, reads no value, and changes nothing in AWS itself:
what differs goes into the queue behind the fresh events, and the worker decides. A
gap is forgotten only when a comparison that began after it has seen everything. A
plan is the same comparison, and changes nothing at all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from receiver.comparison.calls import counting
from receiver.comparison.carry_out import CarryOut, Progress
from receiver.comparison.comparing import Compared, Extent, Sides, compare_sides
from receiver.comparison.confirm import Confirmation
from receiver.core.brake import HOUR
from receiver.core.comparison.differences import Kind
from receiver.core.comparison.finding import Finding
from receiver.core.comparison.order import Chosen, Order, as_shown, choose
from receiver.core.comparison.plan_document import Outline, plan_document
from receiver.core.comparison.weigh import BrakeLine, Deletes, Weighed, weigh
from receiver.core.rules import matches
from receiver.core.scope import Scope
from receiver.core.state import SecretRef
from receiver.ports import KnownGap, WorkQueue

_WAITING = (Kind.PARKED, Kind.CONFLICT, Kind.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One comparison. ``differing`` counts by kind; ``failures`` names what could not
    be compared, ``faults`` what somebody must mend, ``brake`` the rules under which
    deletes are held. ``queued`` counts references, ``held`` the differences that
    somebody must release first."""

    compared: int = 0
    differing: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    brake: tuple[BrakeLine, ...] = ()
    queued: int = 0
    held: int = 0
    seconds: float = 0.0


class Unfollowed:
    """Nobody follows the run."""

    def queued(self, chosen: Sequence[Chosen]) -> None:
        """Nobody to tell."""

    def left_alone(self, findings: Sequence[Finding]) -> None:
        """Nobody to tell."""


class Comparison:
    """Compares, one at a time, whoever asks."""

    def __init__(
        self,
        sides: Sides,
        queue: WorkQueue,
        *,
        accept_deletions: Callable[[str], None],
    ) -> None:
        self._sides = sides
        self._queue = queue
        self._accept_deletions = accept_deletions
        self._turn = Lock()
        #: Whether most seals in AWS were made with keys that are not ours: then
        #: nobody may write.
        self.keys_unknown = False

    def plan(self, scope: Scope) -> dict[str, Any]:
        """What a run over ``scope`` would do, as a document. Raises ReplicationError
        when nothing at all could be compared, and JournalUnavailable."""
        began = time.monotonic()
        sides = self._sides
        with self._turn, counting() as calls:
            extent = Extent(scopes=(scope,), values_due=lambda _: False)
            compared = self._compare(extent, None)
            troubles = compared.troubles
            if troubles.first is not None and not compared.compared:
                raise troubles.first
            asked = Confirmation(sides.source, sides.targets, compared.view)
            compared.findings = asked.confirm(compared.findings)
            weighed = self._weigh(compared, released=False)
        faults = [*troubles.failures, *troubles.faults, *weighed.faults, *asked.faults]
        outline = Outline(
            at=compared.view.now,
            source=compared.view.source,
            scope=scope,
            rules=[r for r in sides.mapping().rules if scope.covers_rule(r)],
            unchanged=_unchanged(compared),
            brake=weighed.brake,
            calls=calls,
            seconds=time.monotonic() - began,
            faults=faults,
            warnings=[*troubles.warnings, *asked.warnings],
        )
        told = [one.difference for one in weighed.findings if one.difference]
        return plan_document(told, outline)

    def run(
        self,
        extent: Extent,
        order: Order | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Compare once, and bring about what differs as far as ``order`` says. A side
        that fails does not keep the others from their turn. Raises QueueUnavailable
        and JournalUnavailable."""
        order = order or Order()
        with self._turn:
            began = time.monotonic()
            gaps = self._sides.journal.gaps()
            work = CarryOut(
                self._sides.journal,
                self._queue,
                self._sides.mapping(),
                self._accept_deletions,
            )
            compared = self._compare(_with_gaps(extent, gaps), work)
            weighed = self._weigh(compared, released=order.planned is not None)
            chosen, left = _choose(weighed.findings, order)
            progress = progress or Unfollowed()
            progress.left_alone(left)
            queued = work.carry_out(chosen, order.by, progress)
            if _heals(extent, compared, order):
                self._sides.journal.clear_gaps([gap.number for gap in gaps])
            held = sum(one.action is Kind.HELD for one in left)
            return replace(
                _report(compared, weighed),
                queued=queued,
                held=held,
                seconds=time.monotonic() - began,
            )

    def unpark(self) -> int:
        """Let everything that is set aside be tried again."""
        return self._queue.unpark()

    def _compare(self, extent: Extent, work: CarryOut | None) -> Compared:
        compared = compare_sides(self._sides, extent, work)
        if not extent.quick and compared.compared + compared.keys_unknown:
            self.keys_unknown = compared.keys_unknown
        return compared

    def _weigh(self, compared: Compared, *, released: bool) -> Weighed:
        findings, journal = compared.findings, self._sides.journal
        rules = {one.difference.rule for one in findings if one.difference}
        deletes = {}
        for rule in rules:
            facts = journal.deletions(rule, self._sides.now() - HOUR)
            deletes[rule] = Deletes(
                made=facts.made,
                population=max(facts.population, compared.live[rule]),
                held=facts.held,
            )
        return weigh(findings, self._sides.limits(), deletes, released=released)


def _unchanged(compared: Compared) -> int:
    differing = sum(
        one.difference is not None and one.case is not None and one.case.is_wanted
        for one in compared.findings
    )
    return max(0, compared.wanted - differing)


def _with_gaps(extent: Extent, gaps: list[KnownGap]) -> Extent:
    """After a gap, values without versions may have changed unseen too."""
    globs = {glob for gap in gaps for glob in gap.mounts}

    def values_due(ref: SecretRef) -> bool:
        mount = "/".join(filter(None, (ref.namespace, ref.mount)))
        return extent.values_due(ref) or any(matches(glob, mount) for glob in globs)

    return Extent(scopes=extent.scopes, quick=extent.quick, values_due=values_due)


def _heals(extent: Extent, compared: Compared, order: Order) -> bool:
    """Whether whatever was missed before is queued now."""
    return (
        any(scope.is_everything for scope in extent.scopes)
        and order.planned is None
        and not compared.troubles.failures
        and not compared.keys_unknown
    )


def _choose(
    findings: Sequence[Finding], order: Order
) -> tuple[list[Chosen], list[Finding]]:
    """What is carried out, and what of the rest waits for somebody."""
    chosen, left = [], []
    for finding in findings:
        one = choose(finding, order)
        if one is not None:
            chosen.append(one)
        shown = as_shown(finding, order)
        if (one is None or not one.finding.look) and shown.action in _WAITING:
            left.append(shown)
    return chosen, left


def _report(compared: Compared, weighed: Weighed) -> Report:
    kinds = Counter(one.action.value for one in weighed.findings if one.action)
    troubles = compared.troubles
    return Report(
        compared=compared.compared,
        differing=dict(kinds),
        failures=tuple(troubles.failures),
        faults=(*troubles.faults, *weighed.faults),
        warnings=tuple(troubles.warnings),
        brake=tuple(line for line in weighed.brake if line.held),
    )
