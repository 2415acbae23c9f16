"""One run that somebody asked for: what it was to do, and what became of it.

Only counting here; who may touch a run when is decided by the module ``runs``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from receiver.core.comparison.differences import Kind
from receiver.core.comparison.finding import Finding
from receiver.core.comparison.order import Chosen, Order
from receiver.core.comparison.plan_document import brake_document
from receiver.core.scope import Scope
from receiver.core.state import Entry, SecretRef, State
from receiver.reconcile import Report

_MOST_PARKED = 100
_STUCK = (State.PARKED, State.CONFLICT)


class Stage(StrEnum):
    """Where a run is."""

    WAITING = "waiting"
    COMPARING = "comparing"
    APPLYING = "applying"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Todo:
    """What a worker is to do under one rule for one name."""

    rule: str
    name: str
    deed: Kind | None

    def is_about(self, entry: Entry) -> bool:
        """Whether ``entry`` tells what became of it."""
        return not self.rule or (entry.rule, entry.name) == (self.rule, self.name)


@dataclass(slots=True, kw_only=True)
class Run:
    """``remaining`` says by reference what is still to be done; times are monotonic
    seconds."""

    scopes: list[Scope]
    order: Order
    id: str = field(default_factory=lambda: uuid4().hex)
    stage: Stage = Stage.WAITING
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    report: Report = field(default_factory=Report)
    remaining: dict[SecretRef, list[Todo]] = field(default_factory=dict)
    queued: int = 0
    held: int = 0
    paused: int = 0
    done: Counter[str] = field(default_factory=Counter)
    parked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def takes_more(self) -> bool:
        """Whether another plain wish can still be met by it."""
        order = self.order
        is_plain = order.planned is None and not order.force and not order.prune
        return self.stage is Stage.WAITING and is_plain

    def queue(self, chosen: Sequence[Chosen]) -> None:
        """These have just been queued."""
        for one in chosen:
            told, ref = one.finding.difference, one.finding.ref
            self.queued += ref not in self.remaining
            todo = Todo(told.rule, told.name, one.deed) if told else Todo("", "", None)
            self.remaining.setdefault(ref, []).append(todo)

    def leave(self, findings: Sequence[Finding]) -> None:
        """These wait for somebody; what is held is counted by the report."""
        for one in findings:
            told = one.difference
            if told is not None and told.action is not Kind.HELD:
                self._park(told.ref, told.rule, told.name, told.cause, told.reason)

    def compared(self, report: Report) -> None:
        """All that is to be done is queued."""
        self.report, self.held = report, self.held + report.held
        if report.failures and not report.compared:
            self._end(Stage.FAILED)
            return
        self.stage = Stage.APPLYING
        self._end_if_done()

    def fail(self, why: str) -> None:
        """It came to nothing."""
        self.report = Report(failures=(why,))
        self._end(Stage.FAILED)

    def settle(self, ref: SecretRef, entries: Sequence[Entry]) -> None:
        """The work on ``ref`` has come to an end; the journal now holds ``entries``."""
        for todo in self.remaining.pop(ref, ()):
            about = [entry for entry in entries if todo.is_about(entry)]
            states = {entry.state for entry in about}
            for entry in about:
                if entry.state in _STUCK:
                    self._park(ref, entry.rule, entry.name, entry.cause, entry.detail)
            self.held += State.HELD in states
            if todo.deed is not None and _is_done(todo.deed, states):
                self.done[todo.deed] += 1
        self._end_if_done()

    def pause(self, ref: SecretRef) -> None:
        """The work on ``ref`` waits until a pause is over, so nobody waits for it."""
        self.paused += self.remaining.pop(ref, None) is not None
        self._end_if_done()

    def document(self) -> dict[str, Any]:
        """For people and programs, JSON-ready."""
        report = self.report
        until = time.monotonic() if self.ended is None else self.ended
        return {
            "run_id": self.id,
            "state": self.stage.value,
            "compared": report.compared,
            "queued": self.queued,
            "remaining": len(self.remaining),
            "done": dict(self.done),
            "parked": list(self.parked),
            "held": self.held,
            "paused": self.paused,
            "brake": [brake_document(line) for line in report.brake],
            "faults": [*report.failures, *report.faults],
            "seconds": round(until - self.began, 3),
        }

    def _park(
        self, ref: SecretRef, rule: str, name: str, cause: str | None, detail: str
    ) -> None:
        if len(self.parked) < _MOST_PARKED:
            place = {"namespace": ref.namespace, "mount": ref.mount, "path": ref.path}
            why = {"name": name, "rule": rule, "cause": cause, "detail": detail}
            self.parked.append(place | why)

    def _end_if_done(self) -> None:
        if self.stage is Stage.APPLYING and not self.remaining:
            self._end(Stage.DONE)

    def _end(self, stage: Stage) -> None:
        self.stage, self.ended = stage, time.monotonic()


def _is_done(deed: Kind, states: set[State]) -> bool:
    if states & {State.HELD, *_STUCK}:
        return False
    return deed is not Kind.DELETE or State.ORPHANED not in states
