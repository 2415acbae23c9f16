"""``make bench``: one JSON line per figure. ``--quick`` takes a minute.

A figure without its yardstick says more about the machine than about us, so each
comes with one that was measured on the same servers in the same run, and their ratio.
``make bench ARGS=reconcile`` runs one of the benchmarks alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from receiver.demo.child import isolated
from receiver.demo.emulator import ENVIRONMENT, Emulator
from receiver.demo.installation import Installation, Layout, Mount
from tests.benchmarks import attack, burst, lag, reconcile
from tests.benchmarks.figure import Figure

MOUNT = "bench"


def main() -> int:
    """Run what is asked for, print each figure as it is known."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("only", nargs="*", help=" ".join(_BENCHMARKS))
    asked = parser.parse_args()
    if unknown := set(asked.only) - _BENCHMARKS.keys():
        parser.error(f"there is no benchmark {min(unknown)}")
    _forget_the_person()
    for name, measure in _BENCHMARKS.items():
        if not asked.only or name in asked.only:
            for figure in measure(asked.quick):
                sys.stdout.buffer.write(msgspec.json.encode(figure) + b"\n")
                sys.stdout.flush()
    return 0


def _events(quick: bool) -> Iterator[Figure]:
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
                yield from measure(installation, emulator, MOUNT, quick=quick)
        finally:
            installation.stop(patience=5.0)
            emulator.stop()


def _reconcile(quick: bool) -> Iterator[Figure]:
    return reconcile.measure(quick=quick)


_BENCHMARKS: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "events": _events,
    "reconcile": _reconcile,
}


def _forget_the_person() -> None:
    """Nobody's own AWS, Vault and proxy settings take part."""
    for name in os.environ.keys() - isolated(os.environ).keys():
        del os.environ[name]
    os.environ.update(ENVIRONMENT)


if __name__ == "__main__":
    sys.exit(main())
