"""The comparison of both sides, beside the one-by-one pull on the same servers.

Three situations: first fill, nothing changed, one secret in a hundred changed; each
at loopback, and again with Vault and AWS some milliseconds away. The receiver may
write a thousand times a second here, so that the figures are not its own pace. What it
filled in is minutes old when something changes, so AWS's listing could still be late,
and each changed secret costs a DescribeSecret that it would not cost a day later.

What is to hold for ten thousand secrets with nothing changed: calls to Vault at most
folders + full pages of 500 + 5, calls to AWS at most pages of 100 + 2, Vault's side
ten times as fast as the pull's, less than 200 MB.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from receiver.demo.emulator import Emulator
from receiver.demo.programs import Keys
from tests.benchmarks.figure import Figure, compared
from tests.benchmarks.measured import Measured, Turn
from tests.benchmarks.one_by_one import Cost, Pull, pull
from tests.benchmarks.stocked import Stocked
from tests.gate import Gate

_MOUNT = "bench"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Away:
    """How much longer a round trip to Vault and to AWS takes, in seconds."""

    vault: float = 0.0
    aws: float = 0.0

    def __str__(self) -> str:
        if self == NEAR:
            return ""
        return f", {self.vault * 1000:.0f}/{self.aws * 1000:.0f} ms away"


NEAR, FAR = Away(), Away(vault=0.005, aws=0.020)


def measure(*, quick: bool) -> Iterator[Figure]:
    """All figures. ``quick``: for a thousand secrets only."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as undo:
        ground = Ground(Path(folder))
        undo.callback(ground.vault.stop)
        ground.start()
        for secrets in (1000,) if quick else (1000, 10_000):
            ground.vault.fill(secrets)
            for away in (NEAR, FAR):
                yield from Cycle(ground, away, quick=quick).figures()


class Ground:
    """The Vault that stays, and the files of the receivers that come and go."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys = Keys()
        self.vault = Stocked(directory, _MOUNT)
        self.idle_mb: float | None = None

    def start(self) -> None:
        """Start Vault, and see what a receiver needs for nothing."""
        self._keys.write(self._directory)
        self.vault.start()
        with self.aws() as aws:
            idle = self.receiver(vault=self.vault.address, aws=aws, state="idle")
            with idle:
                self.idle_mb = idle.at_start().peak_mb

    @contextmanager
    def aws(self) -> Iterator[str]:
        """An empty AWS's address."""
        emulator = Emulator(
            self._directory,
            module="tests.benchmarks.indexed_aws",
            env={"PYTHONPATH": str(_ROOT)},
        )
        emulator.start()
        try:
            yield emulator.endpoint
        finally:
            emulator.stop()

    def receiver(self, *, vault: str, aws: str, state: str) -> Measured:
        """One, not yet started."""
        return Measured(
            self._directory, self._keys, _MOUNT, vault=vault, aws=aws, state=state
        )


class Cycle:
    """From an empty AWS and no state through the three situations. ``quick``: less of
    the pull is measured, and more of it multiplied."""

    def __init__(self, ground: Ground, away: Away, *, quick: bool) -> None:
        self._ground = ground
        self._vault = ground.vault
        self._away = away
        self._part = 50 if quick else 1000
        self._whole = not quick and away is NEAR

    def figures(self) -> Iterator[Figure]:
        """Measure, and tell of each situation when it is over."""
        with self._ground.aws() as aws, ExitStack() as undo:
            vault = self._vault.address
            if self._away is not NEAR:
                to_vault = Gate(vault, seconds=self._away.vault)
                to_aws = Gate(aws, seconds=self._away.aws)
                vault = undo.enter_context(to_vault).endpoint
                aws = undo.enter_context(to_aws).endpoint
            state = f"{len(self._vault.paths)}{self._away.vault}"
            receiver = self._ground.receiver(vault=vault, aws=aws, state=state)
            with receiver:
                filled = _complete(receiver.at_start(), self._vault)
            theirs = pull(self._vault, vault, aws, part=self._part, whole=self._whole)
            yield from self._told("first fill", filled, theirs.fill, theirs.filling)
            with receiver:
                receiver.at_start()
                yield from self._unchanged(receiver, theirs)
                yield self._vaults_side(vault, theirs)
                yield from self._changed(receiver, theirs)

    def _unchanged(self, receiver: Measured, theirs: Pull) -> Iterator[Figure]:
        same = _complete(receiver.again(), self._vault)
        if same.differing:
            raise AssertionError("something differs")
        yield from self._told("nothing changed", same, theirs.described, theirs.asking)
        name = self._name("nothing changed", "time")
        yardstick = f"{theirs.asking}, AWS listed"
        yield compared(name, same.seconds, "s", yardstick, theirs.listed.seconds)

    def _changed(self, receiver: Measured, theirs: Pull) -> Iterator[Figure]:
        count = len(self._vault.paths) // 100
        self._vault.change(count)
        some = _complete(receiver.again(), self._vault)
        if some.differing != count:
            raise AssertionError("not all that changed was found, or more than that")
        cost = theirs.described + theirs.update * count
        yield from self._told("1 % changed", some, cost, theirs.asking)

    def _told(
        self, situation: str, ours: Turn, theirs: Cost, yardstick: str
    ) -> Iterator[Figure]:
        """Calls and memory are the same however far it is."""
        time = self._name(situation, "time")
        yield compared(time, ours.seconds, "s", yardstick, theirs.seconds)
        if self._away is not NEAR:
            return
        for side, calls, pulled in (
            ("Vault", ours.vault, theirs.vault),
            ("AWS", ours.aws, theirs.aws),
        ):
            name = self._name(situation, f"calls to {side}")
            yield compared(name, calls, "calls", yardstick, pulled)
        if ours.peak_mb is not None and self._ground.idle_mb is not None:
            name = self._name(situation, "peak memory")
            idle = self._ground.idle_mb
            yield compared(name, ours.peak_mb, "MB", "without secrets", idle)

    def _vaults_side(self, address: str, theirs: Pull) -> Figure:
        took = [self._vault.listing_seconds(address) for _ in range(3)]
        name = self._name("nothing changed", "Vault's side")
        seconds = theirs.in_vault.seconds
        return compared(name, statistics.median(took), "s", theirs.asking, seconds)

    def _name(self, situation: str, what: str) -> str:
        return f"{len(self._vault.paths):,} secrets, {situation}{self._away}: {what}"


def _complete(turn: Turn, vault: Stocked) -> Turn:
    if turn.compared != len(vault.paths):
        raise AssertionError("not everything was compared")
    return turn
