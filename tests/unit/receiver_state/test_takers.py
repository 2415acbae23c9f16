"""Waking for work: as many as needed, and never nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from receiver.adapters.takers import Takers
from receiver.core.state import Lane

EVENTS, ALL = (Lane.EVENT,), (Lane.EVENT, Lane.RECONCILE)
_DEADLINE = 10.0


class Room:
    """Threads that wait, and the names of those that were woken."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.takers = Takers(self.lock)
        self.woken: list[str] = []
        self._threads: list[threading.Thread] = []

    def waits(
        self, name: str, lanes: tuple[Lane, ...], patience: float = 1000.0
    ) -> None:
        """Returns when the thread is waiting."""
        ready = threading.Event()

        def run() -> None:
            with self.lock:
                ready.set()
                self.takers.wait(lanes, 0.0, patience)
                self.woken.append(name)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()
        assert ready.wait(_DEADLINE)
        with self.lock:  # given up only by waiting
            pass

    def ended(self, *, wake: bool = False) -> list[str]:
        """The names of all, once nobody waits any more."""
        if wake:
            with self.lock:
                self.takers.wake_all()
        for thread in self._threads:
            thread.join(_DEADLINE)
            assert not thread.is_alive()
        return self.woken

    def look(self, lane: Lane, *, by: float = 0.0) -> int:
        """How many were woken by it, so far as they no longer count as idle."""
        with self.lock:
            before = self.idle
            self.takers.look(lane, by=by)
            return before - self.idle

    @property
    def idle(self) -> int:
        return len(self.takers)


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.ended(wake=True)


def test_one_row_wakes_one(room: Room) -> None:
    """The others go on sleeping."""
    room.waits("a", ALL)
    room.waits("b", ALL)

    assert room.look(Lane.EVENT) == 1
    assert room.idle == 1


def test_two_rows_wake_two(room: Room) -> None:
    """Who is woken already does not count for the next row."""
    room.waits("a", ALL)
    room.waits("b", ALL)

    assert [room.look(Lane.EVENT) for _ in range(3)] == [1, 1, 0]
    assert sorted(room.ended()) == ["a", "b"]


def test_an_event_leaves_those_who_take_all(room: Room) -> None:
    """Else a comparison would wait though somebody is idle."""
    room.waits("events", EVENTS)
    room.waits("all", ALL)

    room.look(Lane.EVENT)
    room.look(Lane.RECONCILE)
    assert sorted(room.ended()) == ["all", "events"]


def test_nobody_is_woken_for_a_lane_that_he_does_not_take(room: Room) -> None:
    """He would look in vain."""
    room.waits("events", EVENTS)

    assert room.look(Lane.RECONCILE) == 0


@pytest.mark.parametrize(("by", "woken"), [(29.0, 1), (30.0, 0), (31.0, 0)])
def test_who_looks_in_time_anyway_is_left_alone(
    room: Room, by: float, woken: int
) -> None:
    """A row for later wakes somebody only when all would sleep past it."""
    room.waits("soon", ALL, patience=30.0)
    room.waits("late", ALL, patience=60.0)

    assert room.look(Lane.EVENT, by=by) == woken


def test_who_has_lost_patience_is_idle_no_more(room: Room) -> None:
    """Nobody relies on a thread that has left."""
    room.waits("a", ALL, patience=0.0)

    assert room.ended() == ["a"]
    assert room.look(Lane.EVENT) == 0
