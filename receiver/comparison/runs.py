"""The runs that somebody asked for, and how far they are; in memory, the last hundred.

A run ends when every reference it queued has come to an end, well or not, or waits for
the end of a pause. Workers tell of the end of each round; whoever asks how far a run is
has the rest looked up, so that a round that ended before it was counted is not waited
for for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from threading import Lock
from typing import Any

import structlog

from receiver.comparison.run import Run, Stage
from receiver.core.causes import Cause
from receiver.core.comparison.finding import Finding
from receiver.core.comparison.order import Chosen
from receiver.core.state import SecretRef
from receiver.ports import Journal, JournalUnavailable, QueueUnavailable, WorkQueue
from receiver.reconcile import Report

log = structlog.stdlib.get_logger(__name__)

_MOST_RUNS = 100
_LOOKED_UP = 500


class Runs:
    """All of them. Safe to use from every thread."""

    def __init__(self, queue: WorkQueue, journal: Journal) -> None:
        self._queue = queue
        self._journal = journal
        self._lock = Lock()
        self._runs: dict[str, Run] = {}

    def add(self, run: Run) -> str:
        """Remember it, and forget the oldest that have ended; returns its id. A plain
        one is met by another that still waits, if there is one."""
        with self._lock:
            if run.takes_more:
                for other in self._runs.values():
                    if other.takes_more:
                        other.scopes += run.scopes
                        return other.id
            self._runs[run.id] = run
            ended = [one.id for one in self._runs.values() if one.ended is not None]
            for run_id in ended[: max(0, len(self._runs) - _MOST_RUNS)]:
                del self._runs[run_id]
            return run.id

    def next(self) -> Run | None:
        """The one that has waited longest, no longer waiting."""
        with self._lock:
            for run in self._runs.values():
                if run.stage is Stage.WAITING:
                    run.stage = Stage.COMPARING
                    return run
        return None

    def is_waited_for(self) -> bool:
        """Whether there is one to be begun."""
        with self._lock:
            return any(run.stage is Stage.WAITING for run in self._runs.values())

    def follow(self, run: Run) -> Follower:
        """What its comparison tells."""
        return Follower(run, self._lock)

    def compared(self, run: Run, report: Report) -> None:
        """All that it wants done is queued."""
        with self._lock:
            run.compared(report)

    def failed(self, run: Run, why: str) -> None:
        """It came to nothing."""
        with self._lock:
            run.fail(why)

    def changed(self, ref: SecretRef) -> None:
        """A round for ``ref`` has ended. Called by workers."""
        with self._lock:
            active = [run for run in self._runs.values() if ref in run.remaining]
        if active:
            self._look_up(active, [ref])

    def document(self, run_id: str) -> dict[str, Any] | None:
        """How far a run is; None when there is none, or none any more."""
        with self._lock:
            run = self._runs.get(run_id)
            refs = list(islice(run.remaining, _LOOKED_UP)) if run else []
        if run is None:
            return None
        self._look_up([run], refs)
        with self._lock:
            return run.document()

    def _look_up(self, runs: Sequence[Run], refs: Sequence[SecretRef]) -> None:
        """Which of ``refs`` have come to an end, and to which."""
        for ref in refs:
            try:
                waits_for = self._queue.pending(ref)
                if waits_for is not None and waits_for != Cause.PAUSED:
                    continue  # it is tried again
                entries = self._journal.known(ref)
            except (QueueUnavailable, JournalUnavailable) as error:
                # No worker may end for that; the next who asks has it looked up.
                log.warning("a run is not followed for now", error=error)
                return
            with self._lock:
                for run in runs:
                    if waits_for is None:
                        run.settle(ref, entries)
                    else:
                        run.pause(ref)


class Follower:
    """Tells one run what its comparison does."""

    def __init__(self, run: Run, lock: Lock) -> None:
        self._run = run
        self._lock = lock

    def queued(self, chosen: Sequence[Chosen]) -> None:
        """These have just been queued."""
        with self._lock:
            self._run.queue(chosen)

    def left_alone(self, findings: Sequence[Finding]) -> None:
        """These wait for somebody, and were not queued."""
        with self._lock:
            self._run.leave(findings)
