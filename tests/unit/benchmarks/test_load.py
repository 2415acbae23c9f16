"""What the benchmarks feed: writes at a pace, and audit lines."""

from __future__ import annotations

import pytest

from tests.benchmarks import audit_lines
from tests.benchmarks.load import turns
from vault_audit_forwarder import audit
from vault_audit_forwarder.interpreter import Interpreter


class Clock:
    """Time that passes in sleeps, and in writes as long as ``takes`` says."""

    def __init__(self, *takes: float) -> None:
        self.now = 0.0
        self._takes = list(takes)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def write(self, turn: int) -> bool:
        self.now += self._takes[turn]
        return True


def test_writes_are_due_at_a_pace() -> None:
    """Each a quarter of a second after the one before, whatever it took."""
    clock = Clock(0.125, 0.0, 0.125, 0.0)
    outcome = turns(
        clock.write,
        begin=0.0,
        end=1.0,
        interval=0.25,
        clock=lambda: clock.now,
        sleep=clock.sleep,
    )

    assert outcome.waits == [0.125, 0.0, 0.125, 0.0]
    assert (outcome.finished, outcome.rate) == (4, 4.0)


def test_a_stall_shows_in_every_turn_that_it_held_up() -> None:
    """They waited until it was over, and are not made up for."""
    clock = Clock(0.625, 0.0)
    outcome = turns(
        clock.write,
        begin=0.0,
        end=1.0,
        interval=0.25,
        clock=lambda: clock.now,
        sleep=clock.sleep,
    )

    assert outcome.waits == [0.625, 0.375, 0.125, 0.0]
    assert outcome.finished == 2


def test_nothing_is_due_after_the_end() -> None:
    """However long the last write takes."""
    clock = Clock(2.0)
    outcome = turns(
        clock.write,
        begin=0.0,
        end=1.0,
        interval=0.25,
        clock=lambda: clock.now,
        sleep=clock.sleep,
    )

    assert outcome.waits == [2.0, 1.75, 1.5, 1.25]


def test_a_write_that_failed_is_counted() -> None:
    """And not among the finished ones."""
    clock = Clock()
    outcome = turns(
        lambda _: False,
        begin=0.0,
        end=0.5,
        interval=0.25,
        clock=lambda: clock.now,
        sleep=clock.sleep,
    )

    assert (outcome.failed, outcome.finished) == (2, 0)


def test_one_line_in_twenty_is_of_a_write() -> None:
    """A request and its response, of which the forwarder makes one hint."""
    lines = list(audit_lines.mixed(4000))
    mattering = [line for line in lines if audit.may_matter(line)]
    interpreter = Interpreter()
    hints = [interpreter.interpret(line, 0.0) for line in mattering]

    assert len(lines) == 4000
    assert len(mattering) == 200
    made = [hint for hint in hints if hint is not None]
    assert len({hint.id for hint in made}) == len(made) == 100
    assert interpreter.waiting_since() is None


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_a_long_line_is_an_entry_of_nearly_the_size(size: int) -> None:
    """A listing that says nothing to us, and a write that does."""
    for line, matters in (
        (audit_lines.listing(size), False),
        (audit_lines.write(size), True),
    ):
        assert size - 200 < len(line) <= size
        assert audit.decode(line).request.mount_type == "kv"
        assert bool(audit.may_matter(line)) is matters
