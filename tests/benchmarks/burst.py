"""Many secrets written as fast as Vault takes them: first made, then made again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation
from receiver.demo.programs import Program
from tests.benchmarks.arrivals import Arrival, Arrivals, Writer
from tests.benchmarks.figure import Figure, compared
from tests.benchmarks.floor import Floor

_THREADS = 8  # as many as the receiver has workers


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """Versions a second, against reads and puts by as many threads, and what waited
    meanwhile."""
    paths = [f"burst/{number}" for number in range(200 if quick else 2000)]
    with (
        Writer(installation, mount, _THREADS) as writer,
        Floor(installation, emulator, mount) as floor,
        ThreadPoolExecutor(_THREADS) as threads,
    ):
        burst = partial(_burst, installation, mount, writer, threads)
        # Moto goes through its secrets one by one: what was made first is found first.
        floor.make(paths[::2])
        creates, _ = burst(paths, "first")
        floor.make(paths[1::2])
        began = time.perf_counter()
        list(threads.map(floor.once, paths))
        direct = len(paths) / (time.perf_counter() - began)
        updates, waiting = burst(paths, "second")
    floor_name = "direct read + put pairs"
    yield compared("burst of creates", creates, "secrets/s", floor_name, direct)
    yield compared("burst of updates", updates, "versions/s", floor_name, direct)
    for where, events in waiting.items():
        name = f"waiting in the {where} when all is written"
        yield compared(name, events, "secrets", "secrets written", len(paths))


def _burst(
    installation: Installation,
    mount: str,
    writer: Writer,
    threads: ThreadPoolExecutor,
    paths: Sequence[str],
    value: str,
) -> tuple[float, dict[str, float]]:
    """Secrets a second from the first write to the last arrival, and how many waited
    where when the last one was written."""
    arrivals, began = Arrivals(installation, mount), time.perf_counter()
    made = list(threads.map(lambda path: writer.put(path, value), paths))
    waiting = {
        "spool": _sum_of(installation.forwarder, "vault_audit_forwarder_spool_events"),
        "queue": _sum_of(installation.receiver, "vault_replicator_pending"),
    }
    arrived = arrivals.wait_for({one.path: one.version for one in made})
    seconds = time.perf_counter() - began
    _check_once(arrived, paths)
    return len(paths) / seconds, waiting


def _sum_of(program: Program, name: str) -> float:
    found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", program.metrics(), re.MULTILINE)
    return sum(map(float, found))


def _check_once(arrived: Sequence[Arrival], paths: Sequence[str]) -> None:
    """A figure for work that was done twice, or not, would be none."""
    seen = [(one.path, one.version) for one in arrived]
    assert len(seen) == len(set(seen)), "a version was written twice"
    assert {path for path, _ in seen} == set(paths), "other secrets arrived"
