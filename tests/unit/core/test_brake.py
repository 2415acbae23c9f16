"""When deletes become too many to be believed."""

from __future__ import annotations

import pytest

from receiver.core.brake import DeleteLimits, most, too_many

LIMITS = DeleteLimits(percent=10, count=50, floor=10)


@pytest.mark.parametrize(
    ("made", "population"),
    [(1, 1), (10, 10), (10, 5), (11, 110), (50, 500), (50, 10_000)],
)
def test_a_few_deletes_need_nobodys_leave(made: int, population: int) -> None:
    """Up to the floor whatever the share, and up to the share below the count."""
    assert too_many(LIMITS, made=made, population=population) is None


@pytest.mark.parametrize(
    ("made", "population"), [(11, 20), (11, 109), (51, 510), (51, 1_000_000)]
)
def test_many_deletes_must_wait(made: int, population: int) -> None:
    """More than the floor and the share, or more than the count."""
    assert too_many(LIMITS, made=made, population=population) is not None


def test_the_reason_tells_the_numbers_and_the_limits() -> None:
    """Whoever is to release them sees both."""
    assert too_many(LIMITS, made=12, population=30) == (
        "12 deletes of 30 within the hour (limit 50, or 10 % and 10)"
    )


@pytest.mark.parametrize("population", [0, 5, 99, 110, 119, 120, 499, 510, 10_000])
def test_the_most_are_not_too_many(population: int) -> None:
    """As many as are said to need nobody's leave need none; one more does."""
    limits = DeleteLimits()
    number = most(limits, population=population)

    assert too_many(limits, made=number, population=population) is None
    assert too_many(limits, made=number + 1, population=population) is not None
