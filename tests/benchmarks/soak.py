"""Ten minutes of 20 writes a second: nothing grows, nothing is lost.

Both programs with a real OpenBao and an AWS emulator. Every second it is looked at what
each of the two takes; told is the slope of the straight line through all that. Before,
at a quicker pace, what is bounded and takes its time is filled: both remember up to
20,000 changes, and SQLite caches pages. At the end the latest version of each of 1,000
secrets must be in AWS.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from receiver.demo.emulator import Emulator, SecretsReader
from receiver.demo.installation import Installation, Layout, Mount
from receiver.demo.vault import Vault
from tests.benchmarks.figure import Figure, alone
from tests.benchmarks.resources import Sample, sample, slope

_MOUNT = "bench"
_PER_SECOND = 20.0
_SECRETS = 1000  # so that none of them uses up its versions of a day
_CHANGES_BEFORE, _BEFORE_PER_SECOND, _FULL_SECONDS = 20_000, 100.0, 600.0
_LAGS = re.compile(r"^vault_replicator_lag_seconds_count (\S+)$", re.MULTILINE)
_SAMPLE_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0


def measure(*, seconds: float) -> Iterator[Figure]:
    """Slopes an hour, the greatest sizes, and what did not arrive."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as undo:
        emulator = Emulator(Path(folder))
        undo.callback(emulator.stop)
        emulator.start()
        layout = Layout(
            mounts=[Mount(name=_MOUNT)],
            rules=[{"name": "bench", "mount": _MOUNT}],
            replicator={"limits": {"writes_per_second": 1000}},
        )
        installation = Installation(
            Path(folder), layout, aws_endpoint=emulator.endpoint
        )
        undo.callback(installation.stop)
        installation.start()
        installation.settle()
        vault = installation.vault()
        before = round(_CHANGES_BEFORE * min(1.0, seconds / _FULL_SECONDS))
        written: dict[str, int] = {}
        while _changes(installation) < before:
            written |= _write(vault, _SECRETS, _BEFORE_PER_SECOND)
        writes = round(seconds * _PER_SECOND)
        with Watch(_programs(installation)) as watch:
            written |= _write(vault, writes, _PER_SECOND)
        for program, samples in watch.samples.items():
            yield from _told(program, samples)
        with closing(SecretsReader(emulator.endpoint)) as aws:
            late = _not_there(aws, written)
        yield alone("changes", _changes(installation), "versions")
        yield alone("secrets not up to date", late, "secrets")


class Watch:
    """Looks at processes, each with its write-ahead log, between enter and exit."""

    def __init__(self, programs: Mapping[str, tuple[int, Path]]) -> None:
        self._programs = programs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.samples: dict[str, list[Sample]] = {name: [] for name in programs}

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            for name, (pid, wal) in self._programs.items():
                self.samples[name].append(sample(pid, wal, at=time.monotonic()))


def _programs(installation: Installation) -> dict[str, tuple[int, Path]]:
    spool = installation.directory / "forwarder-1-spool" / "spool.db-wal"
    state = installation.directory / "state" / "state.db-wal"
    return {
        "forwarder": (installation.forwarder.child.pid, spool),
        "receiver": (installation.receiver.child.pid, state),
    }


def _changes(installation: Installation) -> float:
    """How many versions the receiver has put into AWS."""
    count = _LAGS.search(installation.receiver.metrics())
    return float(count[1]) if count else 0.0


def _write(vault: Vault, count: int, per_second: float) -> dict[str, int]:
    """Paced; of each path its latest version."""
    written: dict[str, int] = {}
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        path = f"app/secret-{number % _SECRETS}"
        version = vault.put(_MOUNT, path, {"round": str(number)}).version
        assert version is not None
        written[path] = version
    return written


def _told(program: str, samples: list[Sample]) -> Iterator[Figure]:
    for what, unit, amounts in (
        ("memory", "MB", [each.memory for each in samples]),
        ("file descriptors", "open", [each.descriptors for each in samples]),
        ("threads", "threads", [each.threads for each in samples]),
        ("write-ahead log", "MB", [each.wal for each in samples]),
    ):
        points = [
            (each.at, amount) for each, amount in zip(samples, amounts, strict=True)
        ]
        yield alone(f"{program}: {what}", slope(points), f"{unit}/h")
        yield alone(f"{program}: {what}, at most", max(amounts), unit)


def _not_there(aws: SecretsReader, written: Mapping[str, int]) -> int:
    """How many secrets' latest version is not in AWS, once no more arrive."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        current = aws.current_ids(f"{_MOUNT}/")
        late = sum(
            not (current.get(f"{_MOUNT}/{path}") or "").startswith(f"v{version}-")
            for path, version in written.items()
        )
        if not late or time.monotonic() > deadline:
            return late
        time.sleep(0.5)
