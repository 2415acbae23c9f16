"""Many known secrets rewritten as fast as Vault takes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation
from tests.benchmarks.figure import Figure, Floor, compared, wait_for

_THREADS = 8  # as many as the receiver has workers


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """Versions a second, against reads and puts by as many threads."""
    secrets = 200 if quick else 2000
    vault = installation.vault()
    paths = [f"burst/{number}" for number in range(secrets)]
    for path in paths:
        vault.put(mount, path, {"round": "1"})
    wait_for(installation, 1, paths)
    floor = Floor(installation, emulator, mount)
    with ThreadPoolExecutor(_THREADS) as threads:
        began = time.perf_counter()
        list(threads.map(floor.once, paths))
        direct = secrets / (time.perf_counter() - began)
        began = time.perf_counter()
        list(threads.map(lambda path: vault.put(mount, path, {"round": "2"}), paths))
        wait_for(installation, 2, paths)
        through = secrets / (time.perf_counter() - began)
    floor.close()
    yield compared(
        "burst of updates", through, "versions/s", "direct read + put pairs", direct
    )
