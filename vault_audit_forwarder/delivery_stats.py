"""What became of the posts, and since when they fail: for metrics and health.

Each lane (events, heartbeats) is written by one thread and read by any.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

#: What one post came to: taken, too large, one event given up, or kept for later.
RESULTS = ("delivered", "halved", "set_aside", "failed")


class Failing(NamedTuple):
    """``since``: seconds of the clock given; ``why``: the newest reason."""

    since: float
    why: str


class DeliveryStats:
    """Counts posts of events by result; remembers which lane fails since when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.results = dict.fromkeys(RESULTS, 0)
        self._clock = clock
        self._failing: dict[str, Failing] = {}

    def succeeded(self, lane: str) -> float | None:
        """The lane works. Returns for how many seconds it had not, if it had not."""
        before = self._failing.pop(lane, None)
        return self._clock() - before.since if before else None

    def failed(self, lane: str, why: str) -> bool:
        """The lane fails. Returns whether that, or why, is news."""
        before = self._failing.get(lane)
        since = before.since if before else self._clock()
        self._failing[lane] = Failing(since, why)
        return before is None or before.why != why

    def failing_for(self, seconds: float) -> list[str]:
        """Why lanes fail that have failed for ``seconds`` or longer."""
        now = self._clock()
        lanes = list(self._failing.values())
        long = [lane.why for lane in lanes if now - lane.since >= seconds]
        return list(dict.fromkeys(long))
