"""From Vault's write to AWS, at a pace, over secrets that are known.

The lag is the receiver's own: from the version's ``created_time`` to applied. The
floor, a read and a put by one client, is measured in between, at the same pace.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation
from tests.benchmarks.figure import (
    Figure,
    Floor,
    compared,
    percentile,
    replicated,
    wait_for,
)

_PER_SECOND = 10
_SECRETS = 20
_STAGE = re.compile(
    r'vault_replicator_stage_duration_seconds_(sum|count){stage="(\w+)"} (\S+)'
)


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """p50 and p99 against the floor's, and where the time went, stage by stage."""
    vault = installation.vault()
    paths = [f"lag/{number}" for number in range(_SECRETS)]
    for path in paths:
        vault.put(mount, path, {"round": "0"})
    wait_for(installation, 1, paths)
    writes = 60 if quick else 600
    floors = []
    before = _stages(installation)
    floor = Floor(installation, emulator, mount)
    try:
        for number in range(writes):
            began = time.perf_counter()
            path = paths[number % _SECRETS]
            if number % 2:
                floors.append(floor.once(path))
            else:
                written = vault.put(mount, path, {"round": str(number)})
            time.sleep(max(0.0, 1 / _PER_SECOND - (time.perf_counter() - began)))
    finally:
        floor.close()
    assert written.version is not None
    wait_for(installation, written.version, [paths[(writes - 2) % _SECRETS]])
    lags = [
        entry["lag"]
        for entry in replicated(installation)
        if "/lag/" in entry["ref"] and entry["version"] > 1 and entry["lag"] is not None
    ]
    for percent in (50, 99):
        yield compared(
            f"lag p{percent}",
            percentile(lags, percent) * 1000,
            "ms",
            "hvac read + put",
            percentile(floors, percent) * 1000,
        )
    usual = percentile(floors, 50) * 1000
    for stage, (seconds, count) in _stages(installation).items():
        seconds, count = seconds - before[stage][0], count - before[stage][1]
        if count:
            mean = seconds / count * 1000
            yield compared(
                f"lag, mean of {stage}", mean, "ms", "hvac read + put", usual
            )


def _stages(installation: Installation) -> dict[str, tuple[float, float]]:
    """Of each stage the seconds and how often it was passed."""
    found: dict[str, dict[str, float]] = {}
    for kind, stage, number in _STAGE.findall(installation.receiver.metrics()):
        found.setdefault(stage, {})[kind] = float(number)
    return {stage: (one["sum"], one["count"]) for stage, one in found.items()}
