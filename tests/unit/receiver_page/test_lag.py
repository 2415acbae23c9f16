"""The picture of the last hour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.web.page.lag import HEIGHT, WIDTH, by_minute, describe_lag

NONE = {"p50": None, "p95": None, "p99": None}
NOW = 100_000.0


def test_each_minute_has_its_percentiles() -> None:
    """By nearest rank; the minute that ends now is the last."""
    lags = [(NOW - 1, float(number)) for number in range(1, 101)]
    minutes = by_minute([*lags, (NOW - 61, 0.5), (NOW - 3_599, 9.0)], NOW)

    assert minutes == {0: (9.0, 9.0, 9.0), 58: (0.5, 0.5, 0.5), 59: (50.0, 95.0, 99.0)}


def test_what_is_older_is_left_out() -> None:
    """And what a clock that was set puts into the future is of this minute."""
    assert by_minute([(NOW - 3_601, 1.0), (NOW + 5, 2.0)], NOW) == {59: (2.0,) * 3}


@given(
    lags=st.lists(
        st.tuples(st.floats(NOW - 4_000, NOW + 10), st.floats(0, 1e6)), max_size=50
    )
)
def test_it_stays_inside(lags: list[tuple[float, float]]) -> None:
    """Whatever the lags are, every bar is in the picture, and a longer one is over a
    shorter one of its minute, which is painted after it."""
    lag = describe_lag(NONE, lags, now=NOW, started=None)

    for bar in lag.bars:
        assert 0 <= bar.x <= WIDTH - 8
        assert 0 <= bar.y <= HEIGHT
        assert bar.height == pytest.approx(HEIGHT - bar.y, abs=0.11)
    assert 0 <= lag.goal_y <= HEIGHT
    for longer, shorter in zip(lag.bars, lag.bars[1:], strict=False):
        if longer.x == shorter.x:
            assert longer.y <= shorter.y


@pytest.mark.parametrize(
    ("lags", "says"),
    [
        ([], "nothing has changed"),
        ([0.2], "100 % of 1 change within 1 s"),
        ([1.0, 1.001], "50 % of 2 changes within 1 s"),
        ([0.1] * 1_999 + [2.0], "99.9 % of 2,000 changes within 1 s"),
        ([0.1] * 19_999 + [2.0], "99.9 % of 20,000 changes within 1 s"),
    ],
)
def test_the_goal(lags: list[float], says: str) -> None:
    """A hundred per cent is said of all, never of nearly all."""
    found = describe_lag(NONE, [(NOW, lag) for lag in lags], now=NOW, started=None)

    assert found.goal == says


@pytest.mark.parametrize(
    ("started", "period"),
    [
        (None, "last hour"),
        (NOW - 3_600, "last hour"),
        (NOW - 120, "since the start 2 min ago"),
    ],
)
def test_a_young_receiver_says_so(started: float | None, period: str) -> None:
    """What it has not seen it does not speak for."""
    found = describe_lag(NONE, [], now=NOW, started=started)

    assert found.period == period
    assert period in found.label
