"""What is made of measurements: ranks, pairs, slopes, verdicts."""

from __future__ import annotations

import pytest

from tests.benchmarks.figure import alone, compared, median_pair, percentile
from tests.benchmarks.resources import slope
from tests.benchmarks.targets import CONDITIONS, TARGETS, Target


def test_a_percentile_is_a_measured_value() -> None:
    """By nearest rank: of a hundred values p99 is the second greatest."""
    values = list(range(100, 0, -1))

    assert [percentile(values, each) for each in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([7.0], 99) == 7.0


def test_the_median_pair_is_one_that_was_measured() -> None:
    """By the ratio within a pair, not by either side's own median."""
    pairs = [(4.0, 1.0), (10.0, 10.0), (3.0, 1.5)]

    assert median_pair(pairs) == (3.0, 1.5)
    assert median_pair([(1.0, 1.0), (2.0, 1.0)]) == (1.0, 1.0)


def test_a_slope_is_per_hour() -> None:
    """A megabyte a minute is sixty an hour, wherever the clock began."""
    points = [(1000.0 + 60 * minute, 5.0 + minute) for minute in range(10)]

    assert slope(points) == pytest.approx(60.0)
    assert slope([(3.0, 1.0), (3.0, 9.0)]) == 0.0


def test_a_slope_is_not_moved_by_noise_that_comes_back() -> None:
    """What swings round a level is flat."""
    points = [(second, 50.0 + (second % 2)) for second in range(1001)]

    assert abs(slope(points)) < 0.01


def test_a_target_is_about_the_value_or_about_the_ratio() -> None:
    """Its limits included; a ratio that is not known keeps to nothing."""
    assert Target("value", at_most=2.0).holds(2.0, ratio=9.0)
    assert not Target("value", at_most=2.0).holds(2.1, ratio=1.0)
    assert Target("ratio", at_least=0.5).holds(9.0, ratio=0.5)
    assert not Target("ratio", at_least=0.5).holds(9.0, ratio=0.4)
    assert not Target("ratio", at_most=1.5).holds(1.0, ratio=None)


def test_a_figure_without_a_yardstick_has_no_ratio() -> None:
    """And one with a yardstick has it to three digits."""
    assert alone("faults", 0, "requests").ratio is None
    assert compared("lag", 10.0, "ms", "floor", 3.0).ratio == 3.33


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_has_limits(condition: str) -> None:
    """What the forwarder is busy with must not show in Vault's latency."""
    assert {f"{condition}: p50", f"{condition}: p99"} <= TARGETS["held-up"].keys()
