"""What a reader counts. It alone writes; anybody may read, without a lock."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from vault_audit_forwarder import audit, wire

#: Why entries may have been missed.
GAP_REASONS = (
    "connection",
    "end_of_stream",
    "torn_line",
    "oversized_line",
    "unreadable_line",
    "overflow",
    "new_file",
    "file_lost",
    "file_truncated",
)
#: What is wrong with the device, or with us: shouted once per connection.
FAULTS = ("jsonx", "log_raw", "accept")


class StallHistogram:
    """How long, in seconds, the reader was not receiving while it handled a turn.

    ``counts[i]`` is of turns up to ``EDGES[i]``, not cumulative; the last is of all
    longer ones.
    """

    EDGES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

    def __init__(self) -> None:
        self.counts = [0] * (len(self.EDGES) + 1)
        self.total_seconds = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.EDGES, seconds)] += 1
        self.total_seconds += seconds


class ReaderStats:
    """Counters since the start; ``connections`` is how many are open now."""

    def __init__(self) -> None:
        self.entries = 0
        self.events = {wire.CHANGED: 0, wire.MOUNT_CHANGED: 0}
        self.gaps = dict.fromkeys(GAP_REASONS, 0)
        self.faults = dict.fromkeys(FAULTS, 0)
        self.connections = 0
        self.stalls = StallHistogram()
        self._newest_line: bytes | None = None
        self._last_entry_time: str | None = None

    def saw(self, lines: list[bytes]) -> None:
        """Count ``lines``, of any kind, and keep the newest until :meth:`settle`."""
        self.entries += len(lines)
        self._newest_line = lines[-1]

    def settle(self) -> None:
        """Read the time of the newest line and let go of the line itself.

        Decoding it for every line would cost more than everything else together.
        """
        line, self._newest_line = self._newest_line, None
        if line is not None:
            self._last_entry_time = audit.entry_time(line) or self._last_entry_time

    def last_entry_time(self) -> str | None:
        """RFC 3339, of the newest line of any kind, at most a quarter second old."""
        return self._last_entry_time


def newest_entry_time(readers: Iterable[ReaderStats]) -> str | None:
    """The latest of their last entry times."""
    times = [time for one in readers if (time := one.last_entry_time())]
    return max(times, key=wire.nanoseconds, default=None)
