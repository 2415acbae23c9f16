"""Many secrets written as fast as Vault takes them: first made, then made again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation
from tests.benchmarks.arrivals import Arrival, Arrivals, Writer
from tests.benchmarks.figure import Figure, compared
from tests.benchmarks.floor import Floor

_THREADS = 8  # as many as the receiver has workers


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """Versions a second, against reads and puts by as many threads."""
    paths = [f"burst/{number}" for number in range(200 if quick else 2000)]
    with (
        Writer(installation, mount, _THREADS) as writer,
        Floor(installation, emulator, mount) as floor,
        ThreadPoolExecutor(_THREADS) as threads,
    ):

        def burst(value: str) -> float:
            arrivals, began = Arrivals(installation, mount), time.perf_counter()
            made = threads.map(lambda path: writer.put(path, value), paths)
            arrived = arrivals.wait_for({one.path: one.version for one in made})
            seconds = time.perf_counter() - began
            _check_once(arrived, paths)
            return len(paths) / seconds

        # Moto goes through its secrets one by one: what was made first is found first.
        floor.make(paths[::2])
        creates = burst("first")
        floor.make(paths[1::2])
        began = time.perf_counter()
        list(threads.map(floor.once, paths))
        direct = len(paths) / (time.perf_counter() - began)
        updates = burst("second")
    floor_name = "direct read + put pairs"
    yield compared("burst of creates", creates, "secrets/s", floor_name, direct)
    yield compared("burst of updates", updates, "versions/s", floor_name, direct)


def _check_once(arrived: Sequence[Arrival], paths: Sequence[str]) -> None:
    """A figure for work that was done twice, or not, would be none."""
    seen = [(one.path, one.version) for one in arrived]
    assert len(seen) == len(set(seen)), "a version was written twice"
    assert {path for path, _ in seen} == set(paths), "other secrets arrived"
