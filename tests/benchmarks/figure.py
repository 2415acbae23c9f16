"""What a benchmark reports, and what several of them need."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tests.benchmarks.targets import Target


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """``ratio`` is ``value`` through ``yardstick``; what has no yardstick has none.

    ``benchmark`` and ``target`` are filled in by whoever runs the benchmark.
    """

    name: str
    value: float
    unit: str
    yardstick_name: str | None = None
    yardstick: float | None = None
    ratio: float | None = None
    benchmark: str = ""
    target: Target | None = None
    met: bool | None = None


def compared(
    name: str, value: float, unit: str, yardstick_name: str, yardstick: float
) -> Figure:
    """A figure with its ratio, rounded for the eye."""
    ratio = value / yardstick if yardstick else float("inf")
    return Figure(
        name,
        _rounded(value),
        unit,
        yardstick_name,
        _rounded(yardstick),
        float(f"{ratio:.3g}"),
    )


def alone(name: str, value: float, unit: str) -> Figure:
    """A figure without a yardstick: a count of faults, a slope."""
    return Figure(name, _rounded(value), unit)


def _rounded(number: float) -> float:
    """Two decimals, and of small numbers four."""
    return round(number, 2 if abs(number) >= 10 else 4) or 0.0  # and not -0.0


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def median_pair(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The pair whose first through second is the median; of an even number, the lower.

    What was measured in turns is compared in turns: the machine was the same then.
    """
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[(len(pairs) - 1) // 2]
