"""How long a secret that changes often waits for its next version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.version_budget import DAY, MAX_FREE, wait_for_version


def test_the_free_ones_do_not_wait() -> None:
    """Bursts are served at once."""
    assert wait_for_version([], 0.0, free=60) == 0.0
    assert wait_for_version([float(n) for n in range(59)], 60.0, free=60) == 0.0


def test_the_others_are_spread_over_the_day() -> None:
    """Sixty free ones leave thirty: one in 48 minutes."""
    made = [float(n) for n in range(60)]

    assert wait_for_version(made, 60.0, free=60) == 59.0 + 2880.0 - 60.0
    assert wait_for_version(made, 3000.0, free=60) == 0.0


def test_yesterday_does_not_count() -> None:
    """Nor does what a clock set back has put into the future."""
    made = [float(n) for n in range(60)]

    assert wait_for_version(made, DAY + 61.0, free=60) == 0.0
    assert wait_for_version([n + 1e6 for n in made], 60.0, free=60) == 0.0


@given(
    free=st.integers(1, MAX_FREE),
    slowest=st.sampled_from([0, 60, 1200, 7200]),
    pauses=st.lists(st.floats(0, 1), min_size=100, max_size=300),
)
def test_never_a_hundred_within_a_day(
    free: int, slowest: float, pauses: list[float]
) -> None:
    """However often the secret is written."""
    now, made = 0.0, list[float]()
    for pause in pauses:
        now += pause * slowest
        now += wait_for_version(made, now, free=free)
        made.append(now)
        # They are in order: were there a hundred and one, the oldest would be this.
        assert len(made) <= 100 or made[-101] <= now - DAY
