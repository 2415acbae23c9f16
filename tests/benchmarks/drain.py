"""How fast one forwarder empties Vault's audit socket.

Two million lines as OpenBao writes them, through a Unix socket and through TCP, one
entry a send as Vault does it, and once more in sends of 64 KiB. One line in twenty is
of a KV write, one in a hundred thousand a listing of 10 MB. What must be posted is
posted, to a receiver that only answers. The yardstick is a reader that receives and
does nothing else, fed by the same sender, in turns; what is told is the median turn.
That reader waits for the sender and is woken for every entry, which on TCP makes it the
slower one: there the sender is what is measured.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from receiver.demo.child import free_port
from tests.benchmarks import audit_lines, resources
from tests.benchmarks.audit_sender import AuditSender
from tests.benchmarks.bare_reader import BareReader
from tests.benchmarks.figure import Figure, alone, compared, median_pair
from tests.benchmarks.forwarder_alone import Forwarder
from tests.benchmarks.stand_in import StandIn

_LINES = 100_000  # of the file that is sent again and again
_LIST_BYTES = 10_000_000
_LONGEST_BYTES = 64 * 1024 * 1024 - 1
_TURNS = 5
_CHUNK = 65_536
_SENDS = {"one entry a send": 0, "64 KiB a send": _CHUNK}


def measure(*, quick: bool) -> Iterator[Figure]:
    """All figures. ``quick``: a tenth of the lines. Raises NoCompiler."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as undo:
        ground = Ground(Path(folder), repeats=1 if quick else 4)
        undo.callback(ground.stop)
        ground.start()
        yield from ground.rates(turns=2 if quick else _TURNS)
        yield from ground.long_lines()
        yield from ground.kept()


class Ground:
    """A forwarder, two bare readers, and the lines. ``repeats`` of them are a turn."""

    def __init__(self, directory: Path, *, repeats: int) -> None:
        self._directory = directory
        self._repeats = repeats
        self._sent = 0
        self._sender = AuditSender(directory)
        receiver = StandIn(directory, free_port(), status=202)
        self._forwarder = Forwarder(directory, receiver=receiver.address)
        bare = str(directory / "bare.sock"), f"127.0.0.1:{free_port()}"
        self._parts: list[StandIn | Forwarder | BareReader] = [
            receiver,
            self._forwarder,
            *(BareReader(directory, address) for address in bare),
        ]
        self._ways = {
            "unix": (self._forwarder.unix, bare[0]),
            "tcp": (self._forwarder.tcp, bare[1]),
        }

    def start(self) -> None:
        """Start everything and write the lines. Raises StartError."""
        for part in self._parts:
            part.start()
        with self._lines.open("wb") as lines:
            lines.writelines(audit_lines.mixed(_LINES))
            lines.write(audit_lines.listing(_LIST_BYTES))

    def stop(self) -> None:
        for part in reversed(self._parts):
            part.stop()

    def rates(self, *, turns: int) -> Iterator[Figure]:
        """Entries a second on each way, and the memory that all of it took."""
        pairs: dict[str, list[tuple[float, float]]] = {}
        at_start, peaks = resources.memory_mb(self._forwarder.pid), []
        for _ in range(turns):
            resources.forget_peak(self._forwarder.pid)
            for how, chunk in _SENDS.items():
                for way in self._ways:
                    pairs.setdefault(f"{way}, {how}", []).append(self._turn(way, chunk))
            peaks.append(resources.peak_mb(self._forwarder.pid))
        for name, measured in pairs.items():
            ours, theirs = median_pair(measured)
            yield compared(name, ours, "entries/s", "bare reader", theirs)
        yield compared("peak memory", max(peaks), "MB", "before the first", at_start)
        last, first = peaks[-1], peaks[0]
        yield compared("peak memory, last turn", last, "MB", "first turn", first)

    def long_lines(self) -> Iterator[Figure]:
        """How long the reader does nothing else for the longest line there may be."""
        for kind, make in (("list", audit_lines.listing), ("write", audit_lines.write)):
            line = self._directory / kind
            line.write_bytes(make(_LONGEST_BYTES))
            ours, theirs = median_pair([self._long_line(line) for _ in range(3)])
            name = f"{kind} of 64 MB, reader's time"
            yield compared(name, ours, "s", "bare reader", theirs)

    def kept(self) -> Iterator[Figure]:
        """That the figures are of all the lines, and of every hint in them."""
        missed = self._sent - self._forwarder.count("entries_total")
        yield alone("entries not counted", missed, "entries")
        dropped = self._forwarder.count("gaps_total", reason="overflow")
        yield alone("hints dropped", dropped, "gaps")

    @property
    def _lines(self) -> Path:
        return self._directory / "lines"

    def _long_line(self, line: Path) -> tuple[float, float]:
        """Seconds of the forwarder's reader and of the bare reader."""
        ours, bare = self._ways["unix"]
        before = self._forwarder.count("reader_stall_seconds_sum")
        self._sender.seconds(ours, line)
        self._sent += 1
        took = self._forwarder.count("reader_stall_seconds_sum") - before
        return took, self._sender.seconds(bare, line)

    def _turn(self, way: str, chunk: int) -> tuple[float, float]:
        """Entries a second of the forwarder and of the bare reader."""
        lines = (_LINES + 1) * self._repeats
        ours, bare = (
            self._sender.seconds(
                address, self._lines, repeats=self._repeats, chunk=chunk
            )
            for address in self._ways[way]
        )
        self._sent += lines
        return lines / ours, lines / bare
