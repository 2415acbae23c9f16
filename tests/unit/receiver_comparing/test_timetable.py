"""When the next comparison is due: plain arithmetic."""

from __future__ import annotations

from math import inf

import pytest

from receiver.comparison.timetable import Schedule, Timetable, Turn


def table(interval: float | None = None, **more: object) -> Timetable:
    schedule = Schedule(interval, **more)  # type: ignore[arg-type]  # keywords of the dataclass
    return Timetable(schedule, 100.0, 0.5)


@pytest.mark.parametrize(("at_start", "turn"), [(True, Turn.FULL), (False, Turn.QUICK)])
def test_the_first_is_at_once(at_start: bool, turn: Turn) -> None:
    """Without AWS where nobody wants that at start."""
    times = table(thorough_first=at_start)

    assert times.due() == 100.0
    assert times.take(100.0, 0.5) is turn
    assert times.due() == inf


def test_the_schedule_is_spread() -> None:
    """By a tenth to both sides, so that many instances do not compare at once."""
    times = table(1000.0)
    times.take(100.0, 0.5)
    assert times.due() == 1100.0

    assert times.take(1100.0, 0.0) is Turn.FULL
    assert times.due() == 1100.0 + 900
    assert times.take(2000.0, 0.999) is Turn.FULL
    assert times.due() == pytest.approx(2000 + 1100, abs=1)


def test_after_a_gap_it_is_as_soon_as_the_pace_allows() -> None:
    """Ten times what the last one took, within bounds."""
    times = table(pause=(2.0, 300.0))
    for seconds, pause in ((0.1, 2.0), (7.0, 70.0), (100.0, 300.0)):
        turn = times.take(times.due(), 0.5)
        times.ended(turn, 1000.0, seconds, well=True)
        times.want(Turn.QUICK)
        assert times.due() == 1000.0 + pause


@pytest.mark.parametrize(("turn", "most"), [(Turn.QUICK, 60.0), (Turn.FULL, 300.0)])
def test_what_failed_is_tried_later_each_time(turn: Turn, most: float) -> None:
    """In the same way, up to a bound."""
    times = table(thorough_first=turn is Turn.FULL)
    pauses = []
    for _ in range(12):
        assert times.take(1000.0, 0.5) is turn
        times.ended(turn, 1000.0, 0.0, well=False)
        pauses.append(times.due() - 1000.0)

    assert pauses[:3] == [4.0, 8.0, 16.0]
    assert pauses[-1] == most
    times.take(1000.0, 0.5)
    times.ended(turn, 1000.0, 0.0, well=True)
    assert times.due() == inf


def test_one_with_aws_finds_what_a_quick_one_would() -> None:
    """Both wanted: one run."""
    times = table()
    times.want(Turn.QUICK)

    assert times.take(100.0, 0.5) is Turn.FULL
    assert times.due() == inf


def test_values_are_due_at_first_and_then_each_interval() -> None:
    """A run that failed does not count."""
    times = table(v1_interval=600.0)
    assert times.values_due(100.0)
    times.values_compared(100.0)

    assert not times.values_due(699.0)
    assert times.values_due(700.0)
