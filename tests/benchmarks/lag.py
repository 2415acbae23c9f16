"""From Vault's write to AWS, at a pace, over secrets that are known.

The lag is the receiver's own: from the version's ``created_time`` to applied. The
floor, a read and a put by one client, is measured in between, at the same pace.
"""

from __future__ import annotations

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


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """p50 and p99 against the floor's."""
    vault = installation.vault()
    paths = [f"lag/{number}" for number in range(_SECRETS)]
    for path in paths:
        vault.put(mount, path, {"round": "0"})
    wait_for(installation, 1, paths)
    writes = 60 if quick else 600
    floors = []
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
