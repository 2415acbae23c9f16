"""The page that is written from figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from tests.benchmarks import report
from tests.benchmarks.figure import Figure, alone, compared
from tests.benchmarks.targets import Target

MEASURED = report.on(date(2026, 1, 2), report.Machine(2, "Linux 6.1", "3.11.9", "2.7"))


def judged(figure: Figure, target: Target, *, met: bool) -> Figure:
    return msgspec.structs.replace(figure, target=target, met=met)


def test_a_row_tells_figure_yardstick_ratio_and_verdict() -> None:
    """One line a figure, digits as many as mean something."""
    lag = compared("lag p50", 12.345, "ms", "read + put", 9.876)
    drain = compared("unix", 300_123.4, "entries/s", "bare reader", 800_000)
    figures = [
        judged(lag, Target("ratio", at_most=1.5), met=True),
        judged(drain, Target("value", at_least=400_000), met=False),
        alone("requests failed", 0, "requests"),
    ]
    text = report.section("Lag", "About.", figures, missing=(), measured=MEASURED)

    assert text.startswith("## Lag\n\nAbout.\n\nMeasured 2026-01-02: 2 cores, Linux")
    rows = text.splitlines()[-3:]
    assert rows == [
        "| lag p50 | 12.3 ms | 9.88 (read + put) | 1.25 | ratio ≤ 1.5: met |",
        "| unix | 300,123 entries/s | 800,000 (bare reader) | 0.375 "
        "| ≥ 400,000: NOT met |",
        "| requests failed | 0 requests |  |  |  |",
    ]


def test_a_target_without_a_figure_is_told() -> None:
    """A limit does not vanish when its figure is renamed."""
    text = report.section("Lag", "", [], missing=["lag p50"], measured=MEASURED)

    assert "| lag p50 | | | | NOT measured |" in text


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "benchmarks.md"


def test_a_section_is_renewed_and_the_others_stay(page: Path) -> None:
    """Whoever runs one benchmark does not lose what the others measured."""
    order = ["Lag", "Drain", "Soak"]
    report.write(page, {"Soak": "## Soak\n\nlong\n", "Lag": "## Lag\n\nold\n"}, order)
    before = page.read_text()
    report.write(page, {"Lag": "## Lag\n\nnew\n"}, order)

    assert page.read_text() == before.replace("old", "new")
    assert before.index("## Lag") < before.index("## Soak")
    assert "## Drain" not in before


def test_a_section_that_no_benchmark_has_any_more_goes(page: Path) -> None:
    """The page holds nothing that cannot be measured again."""
    report.write(page, {"Gone": "## Gone\n\nx\n", "Lag": "## Lag\n\ny\n"}, ["Gone"])
    report.write(page, {"Lag": "## Lag\n\ny\n"}, ["Lag"])

    assert "Gone" not in page.read_text()
    assert page.read_text().endswith("## Lag\n\ny\n")


def test_the_machine_is_told_without_its_name() -> None:
    """By what a figure depends on."""
    assert str(report.this_machine()).count(",") == 3
    assert MEASURED.endswith("2 cores, Linux 6.1, Python 3.11.9, OpenBao 2.7.")
