"""The bounded memory between the reader and whoever writes hints to disk.

The reader must never wait, so putting takes no lock that the other side could hold
(SimpleQueue.put never blocks). What does not fit is dropped, and one gap in its place,
beyond the bound, says so: however much is lost, the gap is delivered.
"""

from __future__ import annotations

import contextlib
import queue
import uuid
from collections.abc import Sequence

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint


class Handoff:
    """One thread puts, another takes. ``mounts`` are what an overflow gap names."""

    def __init__(
        self, max_hints: int = 100_000, *, mounts: Sequence[str] = ("**",)
    ) -> None:
        self._max = max_hints
        self._mounts = list(mounts)
        self._queue: queue.SimpleQueue[Hint | None] = queue.SimpleQueue()
        self._gap: Hint | None = None
        self.overflows = 0  #: how many overflow gaps were made; written by put alone
        self.closed = False

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, hint: Hint) -> None:
        """Hand over ``hint``; when full it is dropped and a gap remembered."""
        if self._queue.qsize() < self._max:
            self._queue.put(hint)
        elif self._gap is None:
            gap = wire.Gap(mounts=self._mounts, reason="overflow", since=hint.time)
            self.overflows += 1
            self._gap = Hint(gap, str(uuid.uuid4()), hint.time)
            self._queue.put(self._gap)

    def take(self, timeout: float | None) -> list[Hint]:
        """All that is there, waiting up to ``timeout`` seconds for the first.

        Empty after the timeout, and from then on when closed and drained.
        """
        hints: list[Hint] = []
        wait = not self.closed
        with contextlib.suppress(queue.Empty):  # drained, or nothing came
            # The bound is for a reader in full flow, who never leaves it empty.
            while len(hints) <= self._max:
                hint = self._queue.get(block=wait, timeout=timeout if wait else None)
                wait = False
                if hint is None:
                    continue
                hints.append(hint)
                if hint is self._gap:
                    self._gap = None
        return hints

    def close(self) -> None:
        """Wake the taker; what is left can still be taken."""
        self.closed = True
        self._queue.put(None)
