"""One file input: from what its tail reads to hints, and how far those are complete.

A write whose request was read and whose response was not lives in memory alone. So the
mark, which goes to disk with the hints, stays before such a request until its response
has come: after a crash it is read again. Nothing here writes to disk.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from vault_audit_forwarder import audit, tail, wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.device_faults import REMEDIES, DeviceFaults
from vault_audit_forwarder.interpreter import Interpreter
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.tail import Portion, Tail

_NOTES = {
    tail.NEW_FILE: "reading an audit file that was not read before",
    tail.FILE_LOST: "the audit file last read is gone; what it still held is compared",
    tail.FILE_TRUNCATED: "an audit file was emptied; what may be lost is compared",
}

log = structlog.get_logger(__name__)


class Batch(NamedTuple):
    """``hints`` are of everything before ``mark``, and maybe of more.

    ``idle``: there is nothing more to read at the moment.
    """

    hints: list[Hint]
    mark: Checkpoint | None
    idle: bool


class FileInput:
    """Belongs to one thread. ``stats`` is shared by all inputs of that thread."""

    def __init__(
        self, tail: Tail, stats: ReaderStats, *, mounts: Sequence[str] = ("**",)
    ) -> None:
        self._tail = tail
        self._stats = stats
        self._mounts = list(mounts)
        self._interpreter = Interpreter(mounts)
        # When each portion was read, and where it began.
        self._begun: deque[tuple[float, Checkpoint | None]] = deque()
        self._inode: int | None = None
        self._faults = DeviceFaults()
        self._said: set[str] = set()

    @property
    def path(self) -> Path:
        """As configured."""
        return self._tail.path

    def read(self, now: float) -> Batch:
        """What comes next. ``now``: seconds that only go forward.

        Raises tail.Missing, tail.Unreadable.
        """
        before = self._tail.position
        portion = self._tail.read()
        if not portion.idle:
            self._begun.append((now, before))
        hints = self._interpret(portion, now)
        for hint in self._interpreter.overdue(now):
            hints.append(self._event(hint))
        if self._interpreter.forgot():
            hints.append(self._gap("overflow"))
        return Batch(hints, self._mark(), portion.idle)

    def finish(self) -> Batch:
        """The last one: nobody will wait for responses any more."""
        hints = [self._event(hint) for hint in self._interpreter.give_up()]
        return Batch(hints, self._mark(), idle=True)

    def close(self) -> None:
        self._tail.close()

    def _mark(self) -> Checkpoint | None:
        since = self._interpreter.waiting_since()
        if since is None:
            self._begun.clear()
            return self._tail.position
        while self._begun[0][0] < since:
            self._begun.popleft()
        return self._begun[0][1]

    def _interpret(self, portion: Portion, now: float) -> list[Hint]:
        hints = [self._gap(reason) for reason in portion.gaps]
        hints += [self._gap("oversized_line") for _ in range(portion.oversized)]
        if not portion.lines:
            return hints
        self._stats.saw(portion.lines)
        self._stats.settle()
        hints += self._look_for_faults(portion.lines)
        for line in filter(audit.may_matter, portion.lines):
            try:
                hint = self._interpreter.interpret(line, now)
            except audit.Unreadable:
                hints.append(self._gap("unreadable_line"))
            else:
                if hint is not None:
                    hints.append(self._event(hint))
        return hints

    def _look_for_faults(self, lines: list[bytes]) -> list[Hint]:
        position = self._tail.position
        if position is not None and position.inode != self._inode:
            self._inode, self._faults = position.inode, DeviceFaults()
        gaps = []
        for fault in self._faults.new_in(lines):
            self._stats.faults[fault] += 1
            log.error(REMEDIES[fault], path=str(self.path))
            if fault == "jsonx":
                gaps.append(self._gap("unreadable_line"))
        return gaps

    def _event(self, hint: Hint) -> Hint:
        changed = isinstance(hint.data, wire.Change)
        self._stats.events[wire.CHANGED if changed else wire.MOUNT_CHANGED] += 1
        return hint

    def _gap(self, reason: str) -> Hint:
        self._stats.gaps[reason] += 1
        self._say(reason)
        since = self._stats.last_entry_time()
        gap = wire.Gap(mounts=self._mounts, reason=reason, since=since)
        return Hint(gap, str(uuid.uuid4()), since)

    def _say(self, reason: str) -> None:
        if reason in _NOTES:
            log.warning(_NOTES[reason], path=str(self.path), reason=reason)
        elif reason not in self._said:
            self._said.add(reason)
            text = "audit entries may have been missed"
            log.warning(text, path=str(self.path), reason=reason)
