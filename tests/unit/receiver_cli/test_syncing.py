"""Waiting for longer than a receiver lets one request wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from receiver.commands.syncing import bring

WANTED = {"path": "kv/app/db", "namespace": None, "version": 7}
Answer = tuple[int, dict[str, Any]]


@dataclass
class Asked:
    """Gives these answers in turn; a request takes as long as it may wait."""

    answers: list[Answer]
    seconds: float = 0.0
    waits: list[tuple[str, float]] = field(default_factory=list)

    def sync(self, secret: Any, wait: float) -> Answer:
        return self._answer("sync", secret, wait)

    def one(self, secret: Any, wait: float) -> Answer:
        return self._answer("one", secret, wait)

    def now(self) -> float:
        return self.seconds

    def _answer(self, what: str, secret: Any, wait: float) -> Answer:
        assert secret == WANTED
        self.waits.append((what, wait))
        self.seconds += wait
        return self.answers.pop(0)


def test_it_asks_once_and_then_goes_on_waiting() -> None:
    """The secret is queued once; what is left of the time is waited for."""
    late, there = (504, {"state": "pending"}), (200, {"state": "in_sync"})
    asked = Asked([late, late, there])

    assert bring(asked, WANTED, 120.0, asked.now) == there
    assert asked.waits == [("sync", 50.0), ("one", 50.0), ("one", 20.0)]


def test_the_time_is_over() -> None:
    """Then the last answer stands."""
    late = (504, {"state": "pending"})
    asked = Asked([late, late, late])

    assert bring(asked, WANTED, 60.0, asked.now) == late
    assert asked.waits == [("sync", 50.0), ("one", 10.0)]


@pytest.mark.parametrize("status", [200, 409])
def test_what_waiting_cannot_change_ends_it(status: int) -> None:
    """It is there, or somebody must act."""
    asked = Asked([(status, {})])

    assert bring(asked, WANTED, 600.0, asked.now) == (status, {})
    assert asked.waits == [("sync", 50.0)]


def test_without_waiting_it_is_queued() -> None:
    """One request, which waits for nothing."""
    asked = Asked([(202, {"state": "pending"})])

    assert bring(asked, WANTED, 0.0, asked.now) == (202, {"state": "pending"})
    assert asked.waits == [("sync", 0.0)]
