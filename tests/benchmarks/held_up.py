"""That Vault is never held up, whatever the forwarder meets with.

OpenBao with a ``file`` device and a socket device, 300 writes a second. The yardstick
is a reader behind the socket that receives and does nothing else; the forwarder has its
turn with a receiver that takes everything, with none, with one that answers 503, and
with a full spool. Each has an OpenBao of its own and they are loaded in turns of a few
seconds; what is told is the median turn. Then a forwarder is stopped by a signal for
20 s, with its watchdog off. At last OpenBao is written to as fast as it can, to see
what a socket device costs beside a second ``file`` device.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks.figure import Figure, alone, compared, median_pair, percentile
from tests.benchmarks.forwarder_alone import Forwarder
from tests.benchmarks.load import Outcome
from tests.benchmarks.targets import CONDITIONS
from tests.benchmarks.vaults import VaultAnd

_PER_SECOND = 300.0
_BARE, _FILE = "bare reader", "file"


@dataclass(frozen=True)
class Times:
    """How many turns; how long each is and the rest lasts, in seconds."""

    turns: int = 5
    paced: float = 4.0
    stopped: float = 20.0
    saturated: float = 2.0


_QUICK = Times(turns=1, paced=3.0, stopped=10.0, saturated=1.0)
_WARM_UP_SECONDS = 1.0


def measure(*, quick: bool) -> Iterator[Figure]:
    """All figures. ``quick``: one turn each, and a short one."""
    times = _QUICK if quick else Times()
    failed = 0
    with Vaults([_BARE, *CONDITIONS]) as vaults:
        yield from _at_a_pace(vaults, times)
        failed += vaults.failed
    for kind in ("unix",) if quick else ("unix", "tcp"):
        with Vaults([f"stopped, {kind}"]) as vaults:
            yield _stopped(vaults, kind, times)
            failed += vaults.failed
    with Vaults([_FILE, "second file", _BARE, "forwarder"]) as vaults:
        yield from _at_full_speed(vaults, times)
        failed += vaults.failed
    yield alone("requests failed", failed, "requests")


class Vaults:
    """Several, running between enter and exit. ``failed`` counts failed requests."""

    def __init__(self, listeners: Sequence[str]) -> None:
        self._listeners = listeners
        self._undo = ExitStack()
        self._vaults: dict[str, VaultAnd] = {}
        self.failed = 0

    def __enter__(self) -> Self:
        """Start them. Raises NoBinary, StartError."""
        with ExitStack() as undo:
            directory = Path(undo.enter_context(tempfile.TemporaryDirectory()))
            for listener in self._listeners:
                self._vaults[listener] = vault = VaultAnd(directory, listener)
                undo.callback(vault.stop)
                vault.start()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.close()

    def forwarder(self, listener: str) -> Forwarder:
        """The one that is behind it."""
        forwarder = self._vaults[listener].forwarder
        assert forwarder is not None
        return forwarder

    def load(self, listener: str, seconds: float, per_second: float | None) -> Outcome:
        """Write to one of them, at a pace or, when that is None, at full speed."""
        load = self._vaults[listener].load
        outcome = (
            load.saturated(seconds)
            if per_second is None
            else load.paced(per_second, seconds)
        )
        self.failed += outcome.failed
        return outcome

    def in_turns(
        self, turns: int, seconds: float, per_second: float | None
    ) -> dict[str, list[Outcome]]:
        """Write to each of them, ``turns`` times, and once before for nothing."""
        for listener in self._listeners:
            self.load(listener, _WARM_UP_SECONDS, per_second)
        outcomes: dict[str, list[Outcome]] = {each: [] for each in self._listeners}
        for _ in range(turns):
            for listener, so_far in outcomes.items():
                so_far.append(self.load(listener, seconds, per_second))
        return outcomes


def _at_a_pace(vaults: Vaults, times: Times) -> Iterator[Figure]:
    """Latency beside the bare reader's, and the longest stall of a reader."""
    outcomes = vaults.in_turns(times.turns, times.paced, _PER_SECOND)
    if not vaults.forwarder("spool full").count("gaps_total", reason="spool_full"):
        raise AssertionError("the spool was not full")
    for condition in CONDITIONS:
        for percent in (50, 99):
            pairs = [
                (percentile(ours.waits, percent), percentile(bare.waits, percent))
                for ours, bare in zip(outcomes[condition], outcomes[_BARE], strict=True)
            ]
            ours, bare = median_pair(pairs)
            name = f"{condition}: p{percent}"
            yield compared(name, ours * 1000, "ms", _BARE, bare * 1000)
    stall = max(vaults.forwarder(each).longest_stall() for each in CONDITIONS)
    yield alone("longest stall of a reader, at most", stall * 1000, "ms")


def _stopped(vaults: Vaults, kind: str, times: Times) -> Figure:
    """Writes that were done while the forwarder neither read nor ended."""
    listener = f"stopped, {kind}"
    before = vaults.load(listener, times.paced, _PER_SECOND)
    vaults.forwarder(listener).hang()
    during = vaults.load(listener, times.stopped, _PER_SECOND)
    vaults.forwarder(listener).go_on()
    name = f"forwarder stopped, {kind}: writes"
    return compared(name, during.rate, "writes/s", "before", before.rate)


def _at_full_speed(vaults: Vaults, times: Times) -> Iterator[Figure]:
    """What each device costs beside ``file`` alone."""
    outcomes = vaults.in_turns(times.turns, times.saturated, None)
    alone_rates = [each.rate for each in outcomes.pop(_FILE)]
    for listener, turns in outcomes.items():
        rates = [each.rate for each in turns]
        ours, theirs = median_pair(list(zip(rates, alone_rates, strict=True)))
        name = f"full speed, file and {listener}"
        yield compared(name, ours, "writes/s", "file alone", theirs)
