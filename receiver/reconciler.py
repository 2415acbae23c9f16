"""When to compare, on a thread of its own.

At start, on the schedule, soon after something may have been missed, and when somebody
asks. A wish that comes during a run is remembered: one more run follows, over all that
was wished for meanwhile. Whoever carries out a plan gets a run of its own.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from math import isinf
from typing import Any, Protocol

import structlog

from receiver.comparison.comparing import Extent
from receiver.comparison.run import Run
from receiver.comparison.runs import Runs
from receiver.comparison.timetable import Schedule, Timetable, Turn
from receiver.core.comparison.order import Order, order_of
from receiver.core.scope import Scope, cover
from receiver.core.state import SecretRef
from receiver.core.wish import UnknownPlan, Wish
from receiver.ports import JournalUnavailable, QueueUnavailable
from receiver.reconcile import Comparison, Report

log = structlog.stdlib.get_logger(__name__)

_RECENT = 10


class Reporter(Protocol):
    """Metrics, as far as the reconcile knows of them."""

    def reconciled(
        self, seconds: float, changes: dict[str, int], now: float
    ) -> None: ...


class Plans(Protocol):
    """The plans that people have seen. Raises JournalUnavailable."""

    def keep(self, plan_id: str, document: str) -> None:
        """Keep it for a day."""

    def find(self, plan_id: str) -> str | None:
        """The document; None: there is none, or its day is over."""


class Reconciler:
    """Compares at start, on the schedule, soon after a gap, and when asked."""

    def __init__(
        self,
        comparison: Comparison,
        schedule: Schedule,
        *,
        runs: Runs,
        plans: Plans,
        report: Reporter,
        now: Callable[[], float],
    ) -> None:
        self._comparison = comparison
        self._runs = runs
        self._plans = plans
        self._report = report
        self._now = now
        self._turn = threading.Condition()
        self._timetable = Timetable(schedule, time.monotonic(), _spread())
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="reconcile", daemon=True)
        self.last: Report | None = None
        self.last_at: float | None = None
        #: The last comparisons of everything and when each ended, the newest last.
        self.recent: deque[tuple[float, Report]] = deque(maxlen=_RECENT)

    def start(self, *, scheduled: bool = True) -> None:
        """Begin; the first run is at once, unless nothing is ``scheduled``."""
        if not scheduled:
            self._timetable.rest()
        self._thread.start()

    def soon(self, turn: Turn = Turn.QUICK) -> None:
        """Something may have been missed: compare as soon as the pace allows."""
        with self._turn:
            self._timetable.want(turn)
            self._turn.notify()

    def next_at(self) -> float | None:
        """When the next comparison is due, in epoch seconds; None: none is."""
        with self._turn:
            left = self._timetable.due() - time.monotonic()
        return None if isinf(left) else self._now() + max(0.0, left)

    def stop(self) -> None:
        """Start no further run; one that is under way ends with the process."""
        with self._turn:
            self._stopped = True
            self._turn.notify()

    def join(self, timeout: float) -> bool:
        """After :meth:`stop`: wait for a run under way; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def plan(self, scope: Scope) -> dict[str, Any]:
        """What a run over ``scope`` would do. Takes as long as the comparison does,
        and waits for one under way. Raises ReplicationError when nothing could be
        compared, and JournalUnavailable."""
        document = self._comparison.plan(scope)
        self._plans.keep(document["id"], json.dumps(document))
        return document

    def request(self, wish: Wish) -> str:
        """Have it done; returns the run's id at once. Raises UnknownPlan, and
        JournalUnavailable."""
        run_id = self._runs.add(self._run_for(wish))
        with self._turn:
            self._turn.notify()
        return run_id

    def run(self, run_id: str) -> dict[str, Any] | None:
        """How far a run is; None when there is none of that id, or none any more."""
        return self._runs.document(run_id)

    def changed(self, ref: SecretRef) -> None:
        """A round for ``ref`` has ended."""
        self._runs.changed(ref)

    def _run_for(self, wish: Wish) -> Run:
        if wish.if_plan is None:
            order = Order(prune=wish.prune, by=wish.by)
            return Run(scopes=[wish.scope], order=order)
        kept = self._plans.find(wish.if_plan)
        if kept is None:
            raise UnknownPlan(wish.if_plan)
        plan = json.loads(kept)
        order = order_of(plan, force=wish.force, prune=wish.prune, by=wish.by)
        assert order.planned is not None
        planned = {
            key: what
            for key, what in order.planned.items()
            if cover([wish.scope], key[1], key[0])
        }
        scope = Scope(**plan["scope"])
        return Run(scopes=[scope], order=replace(order, planned=planned))

    def _run(self) -> None:
        while self._wait():
            if (run := self._runs.next()) is not None:
                self._meet(run)
            else:
                self._compare()

    def _wait(self) -> bool:
        """Until somebody has asked, or something is due. False: stopped."""
        with self._turn:
            while not self._stopped:
                left = self._timetable.due() - time.monotonic()
                if left <= 0 or self._runs.is_waited_for():
                    return True
                self._turn.wait(min(left, threading.TIMEOUT_MAX))
            return False

    def _compare(self) -> None:
        began = time.monotonic()
        with self._turn:
            turn = self._timetable.take(began, _spread())
            values = turn is Turn.FULL and self._timetable.values_due(began)
            is_first_try = not self._timetable.failed
        extent = Extent(quick=turn is Turn.QUICK, values_due=lambda _: values)
        report = self._once(extent, None, unpark=is_first_try)
        well = report is not None and not report.failures
        with self._turn:
            seconds = report.seconds if report else 0.0
            self._timetable.ended(turn, time.monotonic(), seconds, well=well)
            if well and values:
                self._timetable.values_compared(began)

    def _meet(self, run: Run) -> None:
        """Do what somebody asked for."""
        report = self._once(Extent(scopes=tuple(run.scopes)), run, unpark=True)
        if report is None:
            self._runs.failed(run, "the comparison failed: see the log")
        else:
            self._runs.compared(run, report)

    def _once(self, extent: Extent, run: Run | None, *, unpark: bool) -> Report | None:
        try:
            if unpark and not extent.quick:
                self._comparison.unpark()
            if run is None:
                report = self._comparison.run(extent)
            else:
                report = self._comparison.run(extent, run.order, self._runs.follow(run))
        except (QueueUnavailable, JournalUnavailable) as error:
            log.warning("comparison stopped", error=error)
            return None
        except Exception as error:  # a bug in one run must not end all later ones
            log.error("comparison failed", error=error)
            return None
        self._tell(report, extent)
        return report

    def _tell(self, report: Report, extent: Extent) -> None:
        for line in report.failures:
            log.warning("comparison incomplete", detail=line)
        for line in report.faults:
            log.warning("comparison found a fault", detail=line)
        if extent.scopes == (Scope(),):
            self.last, self.last_at = report, self._now()
            self.recent.append((self.last_at, report))
            if not report.failures:
                self._report.reconciled(
                    report.seconds, dict(report.differing), self.last_at
                )
        log.info(
            "compared",
            secrets=report.compared,
            differing=sum(report.differing.values()),
            queued=report.queued,
            seconds=round(report.seconds, 3),
        )


def _spread() -> float:
    return random.random()  # noqa: S311 spreads load, hides nothing
