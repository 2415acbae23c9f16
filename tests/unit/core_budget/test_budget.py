"""The write budget keeps the quota, and lets events go first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.budget import WriteBudget
from receiver.core.state import Lane


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@given(
    rate=st.sampled_from([0.5, 3, 20, 100]),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(0, 150)), max_size=30),
)
def test_never_more_than_the_quota(rate: float, steps: list[tuple[float, int]]) -> None:
    """In every span of time at most burst + rate * span writes are let through, and
    none is refused that the bucket has."""
    clock = Clock()
    budget = WriteBudget(rate, clock=clock)
    burst = max(20, rate)
    granted: list[float] = []
    for pause, tries in steps:
        clock.time += pause
        taken = [budget.acquire(Lane.EVENT, timeout=0) for _ in range(tries)]
        assert taken == sorted(taken, reverse=True)
        granted += [clock.time] * sum(taken)
        for start in {1000.0, *granted}:
            span = clock.time - start
            writes = sum(time >= start for time in granted)
            assert writes <= burst + rate * span + 1e-6


def test_idle_time_is_not_saved_up() -> None:
    """After a long rest no more than one burst is there."""
    clock = Clock()
    budget = WriteBudget(5, burst=7, clock=clock)
    clock.time += 10_000

    assert sum(budget.acquire(Lane.EVENT, timeout=0) for _ in range(50)) == 7


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    """Odd readings of the clock never let a write through."""
    clock = Clock()
    budget = WriteBudget(5, burst=1, clock=clock)
    assert budget.acquire(Lane.EVENT, timeout=0)
    clock.time -= 100

    assert not budget.acquire(Lane.EVENT, timeout=0)


def test_without_a_rate() -> None:
    """A budget of nothing would wait for ever, and is refused."""
    with pytest.raises(ValueError, match="at least some"):
        WriteBudget(0)


@given(waiting=st.lists(st.sampled_from(list(Lane)), min_size=2, max_size=12))
def test_an_event_never_waits_behind_the_reconcile(waiting: list[Lane]) -> None:
    """Whatever the order in which they came, all waiting events are served before
    the first waiting reconcile."""
    clock, looks = Clock(), threading.Semaphore(0)

    def look() -> float:
        looks.release()
        return clock.time

    budget = WriteBudget(0.001, burst=1, clock=look)
    budget.acquire(Lane.EVENT, timeout=None)
    while looks.acquire(blocking=False):
        pass
    served: list[Lane] = []

    def write(lane: Lane) -> None:
        assert budget.acquire(lane, timeout=None)
        with guard:
            served.append(lane)
            all_served.release()

    guard, all_served = threading.Lock(), threading.Semaphore(0)
    with ThreadPoolExecutor(len(waiting)) as pool:
        futures = [pool.submit(write, lane) for lane in waiting]
        for _ in waiting:
            # Each looks at the clock under the lock, and waits before it lets go.
            assert looks.acquire(timeout=30)
        for _ in waiting:
            clock.time += 1000
            _poke(budget)
            assert all_served.acquire(timeout=30)
        for future in futures:
            future.result(timeout=30)

    assert served == sorted(waiting)


def test_a_write_is_let_through_when_its_time_comes() -> None:
    """On the real clock an empty bucket fills, and who waits gets the turn."""
    budget = WriteBudget(50, burst=1)

    assert [budget.acquire(Lane.RECONCILE, timeout=30) for _ in range(5)] == [True] * 5


def test_time_out() -> None:
    """Who cannot be served in time is told so, and keeps nobody back."""
    budget = WriteBudget(0.001, burst=1)
    assert budget.acquire(Lane.EVENT, timeout=0)

    assert not budget.acquire(Lane.EVENT, timeout=0.01)
    assert not budget.acquire(Lane.RECONCILE, timeout=0.01)


def _poke(budget: WriteBudget) -> None:
    """What the end of a real wait does: the waiting look at the clock again."""
    with budget._turn:
        budget._turn.notify_all()
