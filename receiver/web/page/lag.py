"""How long changes took to reach AWS, as numbers and as a small picture of the hour.

One bar a minute, its parts the percentiles of that minute, on a logarithmic scale: a
minute of half an hour must not flatten all that took a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10

from receiver.terminal.words import counted, duration

MINUTES = 60
WIDTH, HEIGHT = 600, 96
GOAL = 1.0

_SLOT = WIDTH / MINUTES
_FLOOR = 0.01
_NONE = "none"
_PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Bar:
    """One percentile of one minute, in the picture's units from its upper left."""

    kind: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Lag:
    """``figures`` are (p50, 0.21 s); ``goal`` says how many came within a second,
    ``label`` what the picture shows; ``goal_y`` is where a second is in it."""

    figures: tuple[tuple[str, str], ...]
    period: str
    goal: str
    label: str
    bars: tuple[Bar, ...]
    goal_y: float


def describe_lag(
    percentiles: Mapping[str, float | None],
    lags: Sequence[tuple[float, float]],
    *,
    now: float,
    started: float | None,
) -> Lag:
    """``lags`` are (epoch seconds, lag in seconds) of the last hour; ``started`` is
    when the counting began."""
    minutes = by_minute(lags, now)
    worst = max((values[-1] for values in minutes.values()), default=GOAL)
    top = max(2.0, worst * 1.3)
    figures = tuple(
        (name, _NONE if value is None else duration(value))
        for name, value in percentiles.items()
    )
    period = _period(now, started)
    label = f"Lag of each minute, {period}: no change yet."
    if lags:
        label = f"Lag of each minute, {period}; the longest was {duration(worst)}."
    return Lag(figures, period, _goal(lags), label, _bars(minutes, top), _y(GOAL, top))


def by_minute(
    lags: Sequence[tuple[float, float]], now: float
) -> dict[int, tuple[float, ...]]:
    """p50, p95 and p99 of each minute with a change; 59 is the one that ends now."""
    minutes: dict[int, list[float]] = {}
    for at, lag in lags:
        minute = MINUTES - 1 - int(max(0.0, now - at) // 60)
        if minute >= 0:
            minutes.setdefault(minute, []).append(lag)
    return {
        minute: tuple(_rank(sorted(values), percent) for percent in _PERCENTS)
        for minute, values in sorted(minutes.items())
    }


def _bars(minutes: Mapping[int, Sequence[float]], top: float) -> tuple[Bar, ...]:
    """The longest first, so that the shorter ones are painted over them."""
    bars = []
    for minute, values in minutes.items():
        for percent, value in reversed(list(zip(_PERCENTS, values, strict=True))):
            y = _y(value, top)
            x = round(minute * _SLOT + 1, 1)
            bars.append(Bar(f"p{percent}", x, y, round(HEIGHT - y, 1)))
    return tuple(bars)


def _y(value: float, top: float) -> float:
    share = log10(max(value, _FLOOR * 1.2) / _FLOOR) / log10(top / _FLOOR)
    return round(HEIGHT * (1 - share), 1)


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _goal(lags: Sequence[tuple[float, float]]) -> str:
    if not lags:
        return "nothing has changed"
    within = sum(lag <= GOAL for _, lag in lags) / len(lags)
    # Rounded down: a hundred per cent is said only of all.
    share = f"{int(within * 1000) / 10:.1f}".removesuffix(".0")
    return f"{share} % of {counted(len(lags), 'change')} within {GOAL:.0f} s"


def _period(now: float, started: float | None) -> str:
    if started is None or now - started >= MINUTES * 60:
        return "last hour"
    return f"since the start {duration(now - started)} ago"
