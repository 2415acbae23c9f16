"""The safety net: Vault's listing against what the journal says was applied.

It finds what no event told of, reads no value, and changes nothing itself: what
differs goes into the queue behind the fresh events, and the worker decides. A gap is
forgotten only when a comparison that began after it has seen every mount.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import structlog

from receiver.core.causes import Cause, Permanent, ReplicationError
from receiver.core.rules import Rule, is_glob
from receiver.core.state import (
    Entry,
    Gone,
    Hint,
    Lane,
    SecretRef,
    State,
    Truth,
    Value,
)
from receiver.ports import Journal, QueueUnavailable, Source, WorkQueue

log = structlog.stdlib.get_logger(__name__)

_CHUNK = 500
_AWAY = (State.DELETING, State.ORPHANED)


@dataclass(frozen=True, slots=True)
class Report:
    """One comparison. ``differing`` is by kind; ``failures`` names mounts not seen."""

    compared: int
    differing: dict[str, int]
    failures: tuple[str, ...]
    seconds: float


class Comparison:
    """One run over all rules."""

    def __init__(
        self,
        *,
        source: Source,
        journal: Journal,
        queue: WorkQueue,
        rules: Callable[[], tuple[Rule, ...]],
    ) -> None:
        self._source = source
        self._journal = journal
        self._queue = queue
        self._rules = rules

    def run(self, *, thorough: bool) -> Report:
        """Compare everything once. ``thorough`` also asks AWS, by way of the worker,
        about secrets that Vault has deleted and the journal does not know."""
        began = time.monotonic()
        gaps = [gap.number for gap in self._journal.gaps()]
        compared, failures = 0, []
        differing: dict[str, int] = {}
        for rule in self._rules():
            try:
                for kind, refs, seen in self._compare(rule, thorough=thorough):
                    self._enqueue(refs)
                    compared += seen
                    differing[kind] = differing.get(kind, 0) + len(refs)
            except ReplicationError as error:
                failures.append(f"{rule.name}: {error}")
        if not failures:
            self._journal.clear_gaps(gaps)
        return Report(compared, differing, tuple(failures), time.monotonic() - began)

    def _compare(
        self, rule: Rule, *, thorough: bool
    ) -> Iterator[tuple[str, list[SecretRef], int]]:
        """Chunks of (kind, references that differ, how many were looked at)."""
        known = {entry.ref: entry for entry in self._journal.entries(rule.name)}
        for namespace, mount in places(rule, self._source):
            listed: set[SecretRef] = set()
            for chunk in _chunks(self._source.versions(namespace, mount)):
                mine = [(ref, truth) for ref, truth in chunk if rule.matches(ref)]
                listed.update(ref for ref, _ in mine)
                changed = [
                    ref
                    for ref, truth in mine
                    if _differs(rule, known.get(ref), truth, thorough=thorough)
                ]
                yield "changed", changed, len(mine)
            missing = [
                ref
                for ref, entry in known.items()
                if (ref.namespace, ref.mount) == (namespace, mount)
                and ref not in listed
                and entry.state not in _AWAY
            ]
            if missing and not listed:
                # Rather a restored snapshot or another cluster than so many deletes.
                raise Permanent(
                    Cause.MOUNT_UNKNOWN,
                    f"the listing of {mount} is empty, {len(missing)} were there",
                )
            yield "missing", missing, 0

    def _enqueue(self, refs: list[SecretRef]) -> None:
        self._queue.add([Hint(ref=ref, lane=Lane.RECONCILE) for ref in refs])


def _differs(rule: Rule, entry: Entry | None, truth: Truth, *, thorough: bool) -> bool:
    is_out = isinstance(truth, Value) and not rule.wants(truth)
    if entry is None:
        return thorough or not (is_out or isinstance(truth, Gone))
    if is_out or isinstance(truth, Gone):
        return entry.state not in _AWAY
    # KV v1 has no version to compare: the worker reads and compares the value.
    same = (entry.version, entry.created_time) == (truth.version, truth.created_time)
    return not same or truth.version is None or entry.state is not State.IN_SYNC


def places(rule: Rule, source: Source) -> list[tuple[str, str]]:
    """Namespace and mount of all that a rule covers now."""
    if not is_glob(rule.mount) and not is_glob(rule.namespace):
        return [(rule.namespace, rule.mount)]
    return [
        (mount.namespace, mount.path)
        for namespace in source.namespaces(rule.namespace)
        for mount in source.mounts(namespace)
        if rule.covers_mount(mount.namespace, mount.path)
    ]


def _chunks(
    listing: Iterable[tuple[SecretRef, Truth]],
) -> Iterator[list[tuple[SecretRef, Truth]]]:
    chunk = []
    for one in listing:
        chunk.append(one)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk


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
    (within the schedule's ``pause``) after it; a run that failed is tried again with
    the same pause.
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
        not_before, schedule = 0.0, self._next_schedule()
        while self._wait(not_before, schedule):
            if time.monotonic() >= schedule:
                schedule = self._next_schedule()
                self._queue.unpark()
            report = self._once(thorough=thorough)
            if report is None or report.failures:
                self.soon()
            else:
                thorough = False
            least, most = self._schedule.pause
            pause = 10 * report.seconds if report else 0.0
            not_before = time.monotonic() + min(max(least, pause), most)

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
