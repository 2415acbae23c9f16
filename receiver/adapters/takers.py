"""Those who wait for work, each woken on its own.

A queue that wakes everybody for one row makes its workers wait for each other; one
that wakes nobody leaves work lying. The invariant: whatever is queued, somebody idle
looks at it no later than it is due, unless everybody who may take it is busy; who is
busy looks when done. Used under the lock that it is made with.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import NamedTuple

from receiver.core.state import Lane


class _Idle(NamedTuple):
    lanes: Collection[Lane]
    until: float
    woken: threading.Condition


class Takers:
    """The idle ones. Times are on one monotonic clock."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._idle: list[_Idle] = []

    def __len__(self) -> int:
        return len(self._idle)

    def wait(self, lanes: Collection[Lane], now: float, patience: float) -> None:
        """Give up the lock until woken for one of ``lanes``, or ``patience`` seconds
        from ``now``."""
        me = _Idle(lanes, now + patience, threading.Condition(self._lock))
        self._idle.append(me)
        try:
            me.woken.wait(patience)
        finally:
            if me in self._idle:  # nobody has woken it
                self._idle.remove(me)

    def look(self, lane: Lane, *, by: float) -> None:
        """See to it that somebody idle looks into ``lane`` no later than ``by``."""
        may = [one for one in self._idle if lane in one.lanes]
        if not may or any(one.until <= by for one in may):
            return
        # Who takes this lane alone is no loss to others; of those, the one whose
        # connections are warm.
        self._wake(min(reversed(may), key=lambda one: len(one.lanes)))

    def wake_all(self) -> None:
        """Everything may have changed."""
        for one in list(self._idle):
            self._wake(one)

    def _wake(self, one: _Idle) -> None:
        self._idle.remove(one)
        one.woken.notify()
