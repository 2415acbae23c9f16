"""When to try again. Decisions as numbers; the queue obeys them."""

from __future__ import annotations

#: A read behind the event: 50 ms doubling to 2 s, about 10 s in all.
GUARD_ROUNDS = 9
_GUARD_FIRST, _GUARD_MOST = 0.05, 2.0

_FIRST, _MOST = 0.25, 300.0

#: When to look again after a change that carried no version to compare with.
SECOND_LOOK = 5.0


def guard_delay(attempts: int) -> float:
    """Seconds until the next read, after ``attempts`` reads that were too old."""
    return min(_GUARD_FIRST * 2.0 ** min(attempts, 20), _GUARD_MOST)


def backoff(attempts: int, *, jitter: float) -> float:
    """Seconds to wait after ``attempts`` failures before this one.

    Doubles from a quarter of a second to five minutes; ``jitter`` in [0, 1) takes
    away up to half of it, so that many do not come back at once.
    """
    return min(_FIRST * 2.0 ** min(attempts, 30), _MOST) * (1 - jitter / 2)
