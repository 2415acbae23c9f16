"""When to compare, on a thread of its own.

At start, on the schedule, and soon after something may have been missed. A wish that
comes during a run is remembered: one more run follows.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from receiver.ports import QueueUnavailable, WorkQueue
from receiver.reconcile import Comparison, Report

log = structlog.stdlib.get_logger(__name__)

_MOST_AFTER_FAILURE = 60.0


class Reporter(Protocol):
    """Metrics, as far as the reconcile knows of them."""

    def reconciled(
        self, seconds: float, changes: dict[str, int], now: float
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to compare. ``interval`` in seconds, None: only at start and after gaps.
    With ``thorough_first`` the first complete run is a thorough one. ``pause`` is the
    least and the most between two runs."""

    interval: float | None
    thorough_first: bool = True
    pause: tuple[float, float] = (2.0, 300.0)


class Reconciler:
    """Compares at start, on the schedule, and soon after a gap.

    The next run after a gap begins no sooner than ten times the last one's duration
    (within the schedule's ``pause``) after it; a run that failed is tried again, each
    time later, up to a minute.
    """

    def __init__(
        self,
        comparison: Comparison,
        queue: WorkQueue,
        schedule: Schedule,
        *,
        report: Reporter,
        now: Callable[[], float],
    ) -> None:
        self._comparison = comparison
        self._queue = queue
        self._schedule = schedule
        self._report = report
        self._now = now
        self._turn = threading.Condition()
        self._wanted = True
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="reconcile", daemon=True)
        self.last: Report | None = None
        self.last_at: float | None = None

    def start(self) -> None:
        """Begin; the first run is at once."""
        self._thread.start()

    def soon(self) -> None:
        """Something may have been missed: compare as soon as the pace allows."""
        with self._turn:
            self._wanted = True
            self._turn.notify()

    def stop(self) -> None:
        """Start no further run; one that is under way ends with the process."""
        with self._turn:
            self._stopped = True
            self._turn.notify()

    def join(self, timeout: float) -> bool:
        """After :meth:`stop`: wait for a run under way; whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        thorough = self._schedule.thorough_first
        not_before, schedule, failed = 0.0, self._next_schedule(), 0
        while self._wait(not_before, schedule):
            if time.monotonic() >= schedule:
                schedule = self._next_schedule()
                self._queue.unpark()
            report = self._once(thorough=thorough)
            if report is None or report.failures:
                self.soon()
                failed += 1
            else:
                thorough, failed = False, 0
            seconds = report.seconds if report else 0.0
            not_before = time.monotonic() + self._pause_after(seconds, failed)

    def _wait(self, not_before: float, schedule: float) -> bool:
        """Until a run is due: wanted and paced, or scheduled. False: stopped."""
        with self._turn:
            while not self._stopped:
                due = min(schedule, not_before) if self._wanted else schedule
                if (left := due - time.monotonic()) <= 0:
                    self._wanted = False
                    return True
                self._turn.wait(min(left, threading.TIMEOUT_MAX))
            return False

    def _pause_after(self, seconds: float, failed: int) -> float:
        """Ten times what the run took; longer after each failure in a row."""
        least, most = self._schedule.pause
        retry = min(least * 2.0 ** min(failed, 10), _MOST_AFTER_FAILURE)
        return min(max(least, 10 * seconds, retry if failed else 0.0), most)

    def _next_schedule(self) -> float:
        interval = self._schedule.interval
        if interval is None:
            return float("inf")
        spread = 0.9 + 0.2 * random.random()  # noqa: S311 spreads load, hides nothing
        return time.monotonic() + interval * spread

    def _once(self, *, thorough: bool) -> Report | None:
        try:
            report = self._comparison.run(thorough=thorough)
        except QueueUnavailable as error:
            log.warning("comparison stopped", error=error)
            return None
        except Exception as error:  # a bug in one run must not end all later ones
            log.error("comparison failed", error=error)
            return None
        for failure in report.failures:
            log.warning("comparison incomplete", detail=failure)
        self.last, self.last_at = report, self._now()
        if not report.failures:
            self._report.reconciled(report.seconds, report.differing, self.last_at)
        log.info(
            "compared",
            secrets=report.compared,
            differing=sum(report.differing.values()),
            seconds=round(report.seconds, 3),
        )
        return report
