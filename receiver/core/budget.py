"""How often AWS may be written to: a token bucket in which events go first.

Never more than ``burst + per_second * t`` writes are let through in any ``t``
seconds, and as long as an event waits, no reconcile gets a turn. Waiting is on a
condition; the clock is an argument and measures only durations.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from receiver.core.state import Lane

MIN_BURST = 20


class WriteBudget:
    """One bucket, shared by all threads that write to one account and Region."""

    def __init__(
        self,
        per_second: float,
        *,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if per_second <= 0:
            raise ValueError("at least some writes per second are needed")
        self._per_second = per_second
        self._burst = max(MIN_BURST, per_second) if burst is None else burst
        self._clock = clock
        self._tokens = self._burst
        self._filled = clock()
        self._turn = threading.Condition()
        self._waiting = dict.fromkeys(Lane, 0)

    @property
    def waiting(self) -> int:
        """How many wait for their turn now."""
        with self._turn:
            return sum(self._waiting.values())

    def acquire(self, lane: Lane, timeout: float | None = None) -> bool:
        """Take one write, waiting up to ``timeout`` seconds (None: for ever). False
        when none was to be had in time; then nothing was taken."""
        deadline = None if timeout is None else self._clock() + timeout
        with self._turn:
            self._waiting[lane] += 1
            try:
                return self._wait(lane, deadline)
            finally:
                self._waiting[lane] -= 1
                # Who waited behind this one must look again.
                self._turn.notify_all()

    def _wait(self, lane: Lane, deadline: float | None) -> bool:
        while True:
            now = self._clock()
            self._fill(now)
            behind = any(self._waiting[other] for other in Lane if other < lane)
            if self._tokens >= 1 and not behind:
                self._tokens -= 1
                return True
            left = None if deadline is None else deadline - now
            if left is not None and left <= 0:
                return False
            # Behind an event only that event's end can help, and it notifies.
            due = None if behind else (1 - self._tokens) / self._per_second
            self._turn.wait(
                min((x for x in (left, due) if x is not None), default=None)
            )

    def _fill(self, now: float) -> None:
        earned = max(0.0, now - self._filled) * self._per_second
        self._tokens = min(self._burst, self._tokens + earned)
        self._filled = now
