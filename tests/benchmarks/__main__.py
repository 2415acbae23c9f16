"""``make bench``: one JSON line per figure, and docs/benchmarks.md written from them.

A figure without its yardstick says more about the machine than about us, so each
comes with one that was measured on the same servers in the same run, and their ratio.
``make bench ARGS="drain held-up"`` runs some of the benchmarks and renews their
sections of the page; ``--quick`` takes some minutes and leaves the page alone, and so
does a soak that is shorter than it should be.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import msgspec

from receiver.demo.child import isolated
from receiver.demo.emulator import ENVIRONMENT, Emulator
from receiver.demo.installation import Installation, Layout, Mount
from tests.benchmarks import (
    attack,
    burst,
    drain,
    held_up,
    lag,
    reconcile,
    report,
    soak,
)
from tests.benchmarks.audit_sender import NoCompiler
from tests.benchmarks.figure import Figure
from tests.benchmarks.targets import TARGETS

MOUNT = "bench"
_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_SOAK, _SOAK_SECONDS = "soak", 600.0


@dataclass(frozen=True)
class Benchmark:
    """``told_by`` are the modules whose docstrings explain its figures."""

    title: str
    measure: Callable[[argparse.Namespace], Iterator[Figure]]
    told_by: tuple[ModuleType, ...]

    @property
    def about(self) -> str:
        return "\n\n".join((module.__doc__ or "").strip() for module in self.told_by)


def main() -> int:
    """Run what is asked for, print each figure as it is known, renew the page."""
    asked = _asked()
    _forget_the_person()
    sections = {}
    for name in asked.only:
        benchmark = _BENCHMARKS[name]
        figures = []
        try:
            for figure in benchmark.measure(asked):
                figures.append(_judged(name, figure))
                sys.stdout.buffer.write(msgspec.json.encode(figures[-1]) + b"\n")
                sys.stdout.flush()
        except NoCompiler:
            sys.stderr.write(f"{name} is left out: it needs a C compiler, cc\n")
        else:
            sections[benchmark.title] = _section(name, benchmark, figures)
    if not asked.quick and asked.seconds >= _SOAK_SECONDS:
        report.write(_PAGE, sections, [each.title for each in _BENCHMARKS.values()])
    return 0


def _asked() -> argparse.Namespace:
    usual = [name for name in _BENCHMARKS if name != _SOAK]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--soak", action="store_true", help="ten minutes of load alone")
    parser.add_argument(
        "--seconds", type=float, default=_SOAK_SECONDS, help="a shorter --soak, to try"
    )
    parser.add_argument("only", nargs="*", help=" ".join(usual))
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(usual):
        parser.error(f"there is no benchmark {min(unknown)}")
    asked.only = [_SOAK] if asked.soak else asked.only or usual
    return asked


def _judged(benchmark: str, figure: Figure) -> Figure:
    """With its target, if it has one, and whether that is met."""
    target = TARGETS[benchmark].get(figure.name)
    met = target.holds(figure.value, figure.ratio) if target else None
    return msgspec.structs.replace(figure, benchmark=benchmark, target=target, met=met)


def _section(name: str, benchmark: Benchmark, figures: Sequence[Figure]) -> str:
    known = {figure.name for figure in figures}
    return report.section(
        benchmark.title,
        benchmark.about,
        figures,
        missing=[each for each in TARGETS[name] if each not in known],
        measured=report.on(datetime.now(UTC).date(), report.this_machine()),
    )


def _events(asked: argparse.Namespace) -> Iterator[Figure]:
    """What goes by events, in one installation."""
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder))
        layout = Layout(
            mounts=[Mount(name=MOUNT)],
            rules=[{"name": "bench", "mount": MOUNT}],
            replicator={"limits": {"writes_per_second": 1000}},
        )
        emulator.start()
        installation = Installation(
            Path(folder), layout, aws_endpoint=emulator.endpoint
        )
        try:
            installation.start()
            installation.settle()
            for measure in (lag.measure, burst.measure, attack.measure):
                yield from measure(installation, emulator, MOUNT, quick=asked.quick)
        finally:
            installation.stop(patience=5.0)
            emulator.stop()


_BENCHMARKS: dict[str, Benchmark] = {
    "events": Benchmark("Lag, burst, attack", _events, (lag, burst, attack)),
    "reconcile": Benchmark(
        "Comparison",
        lambda asked: reconcile.measure(quick=asked.quick),
        (reconcile,),
    ),
    "drain": Benchmark(
        "Drain", lambda asked: drain.measure(quick=asked.quick), (drain,)
    ),
    "held-up": Benchmark(
        "Vault is not held up",
        lambda asked: held_up.measure(quick=asked.quick),
        (held_up,),
    ),
    _SOAK: Benchmark(
        "Ten minutes of load",
        lambda asked: soak.measure(seconds=asked.seconds),
        (soak,),
    ),
}


def _forget_the_person() -> None:
    """Nobody's own AWS, Vault and proxy settings take part."""
    for name in os.environ.keys() - isolated(os.environ).keys():
        del os.environ[name]
    os.environ.update(ENVIRONMENT)


if __name__ == "__main__":
    sys.exit(main())
