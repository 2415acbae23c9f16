"""The thread between the reader's memory and the disk.

Whatever has gathered goes to disk in one transaction, then the sender is woken. Under
load it lets hints gather for a moment: a transaction and a post for each would take
processor time from the reader, and from Vault beside it. When the disk refuses, what
was taken is held and tried again: the hand-off behind it is bounded, and what it cannot
hold becomes a gap.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence

import structlog

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError

_RETRY_SECONDS = 1.0
_GATHER_SECONDS = 0.01
# The spool's lock is held for one transaction; the sender waits for it meanwhile.
_MAX_TRANSACTION = 5_000

log = structlog.get_logger(__name__)


class Spooler(threading.Thread):
    """Runs until the hand-off is closed and empty. ``stored`` is called after each
    transaction, and the next begins ``gather`` seconds later at the earliest: what
    comes out of silence never waits."""

    def __init__(
        self,
        handoff: Handoff,
        spool: Spool,
        *,
        stored: Callable[[], None],
        mounts: Sequence[str] = ("**",),
        gather: float = _GATHER_SECONDS,
    ) -> None:
        super().__init__(name="spooler", daemon=True)
        self._handoff = handoff
        self._spool = spool
        self._stored = stored
        self._mounts = list(mounts)
        self._gather = gather
        self._closing = threading.Event()

    def drain(self, timeout: float) -> None:
        """Store what is in the closed hand-off, one try each, and end; wait for it."""
        self._closing.set()
        self.join(timeout)

    def run(self) -> None:
        """Store until the hand-off is closed and empty."""
        while True:
            hints = self._handoff.take(None)
            if not hints and self._handoff.closed:
                return
            for start in range(0, len(hints), _MAX_TRANSACTION):
                self._store(hints[start : start + _MAX_TRANSACTION])
            self._closing.wait(self._gather)

    def _store(self, hints: list[Hint]) -> None:
        failures = 0
        while True:
            try:
                self._spool.add(hints)
            except SpoolError as error:
                failures += 1
                if failures == 1:
                    hints = [*hints, self._gap(hints[0].time)]
                    log.error("events cannot be spooled; held in memory", error=error)
                if self._closing.wait(_RETRY_SECONDS):
                    log.error("events are lost", count=len(hints) - 1)
                    return
            else:
                self._stored()
                return

    def _gap(self, since: str | None) -> Hint:
        gap = wire.Gap(mounts=self._mounts, reason="spool_full", since=since)
        return Hint(gap, str(uuid.uuid4()), since)
