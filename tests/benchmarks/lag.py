"""From Vault's write to AWS, at a pace, over secrets that are known.

The lag is the time from Vault's answer to the writer until AWS has answered the put.
The floor, a read and a put by one client, is measured between the writes, at the same
pace: what rests in between is cold for both.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation
from tests.benchmarks.arrivals import Arrival, Arrivals, Write, Writer
from tests.benchmarks.figure import Figure, compared, percentile
from tests.benchmarks.floor import Floor

_PER_SECOND = 10
_SECRETS = 200
_FLOOR = "hvac read + put"
_STAGE = re.compile(
    r'vault_replicator_stage_duration_seconds_(sum|count){stage="(\w+)"} (\S+)'
)


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """p50 and p99 against the floor's, and where the time went, stage by stage."""
    paths = [f"lag/{number}" for number in range(_SECRETS)]
    with (
        Writer(installation, mount, threads=1) as writer,
        Floor(installation, emulator, mount) as floor,
    ):
        floor.make(paths)
        make(Arrivals(installation, mount), writer, paths)
        tight = [floor.once(path) for path in paths]
        before = _stages(installation)
        count = _PER_SECOND * (6 if quick else 60)
        lags, floors = _alternate(
            Arrivals(installation, mount), writer, floor, (paths * count)[:count]
        )
    for percent in (50, 99):
        yield compared(
            f"lag p{percent}",
            percentile(lags, percent) * 1000,
            "ms",
            _FLOOR,
            percentile(floors, percent) * 1000,
        )
    usual = percentile(floors, 50) * 1000
    in_a_row = percentile(tight, 50) * 1000
    yield compared("hvac read + put in a tight loop", in_a_row, "ms", _FLOOR, usual)
    for stage, mean in _means(before, _stages(installation)):
        yield compared(f"lag, mean of {stage}", mean * 1000, "ms", _FLOOR, usual)


def make(arrivals: Arrivals, writer: Writer, paths: Sequence[str]) -> None:
    """New secrets, and wait until they are in AWS."""
    made = [writer.put(path, "first") for path in paths]
    arrivals.wait_for({one.path: one.version for one in made})


def lags_of(writes: Sequence[Write], arrived: Sequence[Arrival]) -> list[float]:
    """Seconds from Vault's answer to AWS's, of each write whose version went there."""
    lags = {(one.path, one.version): one.lag for one in arrived}
    found = [(one, lags.get((one.path, one.version))) for one in writes]
    return [one.created + lag - one.answered for one, lag in found if lag is not None]


def _alternate(
    arrivals: Arrivals, writer: Writer, floor: Floor, paths: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Seconds of each write's lag and of each floor, half a beat after it."""
    beat = 1 / _PER_SECOND
    writes, floors = [], []
    begin = time.monotonic()
    for number, path in enumerate(paths):
        time.sleep(max(0.0, begin + number * beat - time.monotonic()))
        writes.append(writer.put(path, f"round {number}"))
        time.sleep(max(0.0, begin + (number + 0.5) * beat - time.monotonic()))
        floors.append(floor.once(path))
    arrived = arrivals.wait_for({one.path: one.version for one in writes})
    return lags_of(writes, arrived), floors


def _means(
    before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]
) -> Iterator[tuple[str, float]]:
    for stage, (seconds, count) in after.items():
        passed = count - before[stage][1]
        if passed:
            yield stage, (seconds - before[stage][0]) / passed


def _stages(installation: Installation) -> dict[str, tuple[float, float]]:
    """Of each stage the seconds and how often it was passed."""
    found: dict[str, dict[str, float]] = {}
    for kind, stage, number in _STAGE.findall(installation.receiver.metrics()):
        found.setdefault(stage, {})[kind] = float(number)
    return {stage: (one["sum"], one["count"]) for stage, one in found.items()}
