"""Events wait here, on disk, until the receiver has taken them.

One row per thing that changed: events of one path coalesce while they wait. When the
spool is full a new thing is dropped and a gap remembered instead, for which there is
always room; who can wait keeps the thing (``keep``). A file that is no longer a
database is set aside and a gap says so: the receiver's comparison then finds what was
in it. One lock guards the one connection; every method may be called from any thread.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from vault_audit_forwarder import spool_schema as sql
from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.coalesce import Spooled, key_of, merge
from vault_audit_forwarder.repeats import Repeats
from vault_audit_forwarder.spool_file import (
    SpoolError,
    connect,
    is_corrupt,
    move_away,
    reason,
)

#: Gaps that arise here, beside those of the reader.
GAP_REASONS = ("spool_full", "spool_corrupt")

_TYPES: dict[str, type[Spooled]] = {
    wire.CHANGED: wire.Change,
    wire.MOUNT_CHANGED: wire.MountChange,
    wire.GAP: wire.Gap,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_BROKEN = (sqlite3.Error, OSError, msgspec.MsgspecError, UnicodeDecodeError)

log = structlog.get_logger(__name__)


class Waiting(NamedTuple):
    """An event as it stood when it was looked at."""

    position: int
    revision: int
    hint: Hint


class Pending(NamedTuple):
    """``oldest``: seconds since the longest waiting event was put here; 0 for none."""

    events: int
    oldest: float


class Spool:
    """The waiting events of one forwarder."""

    def __init__(
        self,
        path: Path,
        *,
        max_events: int,
        mounts: Sequence[str] = ("**",),
        repair: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or create the file. ``repair``: set a broken file aside, start afresh.

        Only the one process that holds the spool may repair. Raises SpoolError.
        """
        self.gaps = dict.fromkeys(GAP_REASONS, 0)
        self._path = path
        self._max = max_events
        self._mounts = list(mounts)
        self._repair = repair
        self._clock = clock
        self._lock = threading.Lock()
        self._repeats = Repeats()
        self._count = 0
        self._data_version = -1
        self._db: sqlite3.Connection | None = None
        self._open()

    def close(self) -> None:
        """Close the file. What waits stays; a later call opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    def add(self, hints: Iterable[Hint]) -> None:
        """Put hints on disk in one transaction. Raises SpoolError; then none is.

        A gap takes the place of those for which there is no room.
        """
        with self._transaction() as db:
            left = self._put_all(db, hints)
            if left:
                self._add_gap(db, "spool_full", since=left[0].time)

    def keep(
        self, hints: Iterable[Hint], path: Path, checkpoint: Checkpoint
    ) -> list[Hint]:
        """Put hints on disk, in one transaction with how far the file was read.

        Returns those for which there is no room; ``checkpoint`` is set with the last
        of them. Raises SpoolError; then nothing took effect.
        """
        with self._transaction() as db:
            left = self._put_all(db, hints)
            if not left:
                inode, *rest = checkpoint
                db.execute(sql.READ_UP_TO, (str(path), str(inode), *rest))
        return left

    def checkpoint(self, path: Path) -> Checkpoint | None:
        """How far the file input ``path`` was read. Raises SpoolError."""
        with self._transaction() as db:
            row = db.execute(sql.FIND_READ_UP_TO, (str(path),)).fetchone()
        return None if row is None else Checkpoint(int(row[0]), *row[1:])

    def peek(self, limit: int) -> list[Waiting]:
        """The events that wait longest, at most ``limit``. Raises SpoolError."""
        with self._transaction() as db:
            return [
                Waiting(position, revision, _hint(*row))
                for position, revision, *row in db.execute(sql.PEEK, (limit,))
            ]

    def delivered(self, batch: Iterable[Waiting]) -> None:
        """Remove events, save those that changed since. Raises SpoolError."""
        sent = [(event.position, event.revision) for event in batch]
        with self._transaction() as db:
            self._count -= db.executemany(sql.DELIVERED, sent).rowcount

    def set_aside(self, event: Waiting, reason: str) -> None:
        """Take an event out of the way that can never be delivered."""
        with self._transaction() as db:
            db.execute(sql.SET_ASIDE, (self._clock(), reason, *_row(event.hint)))
            sent = (event.position, event.revision)
            self._count -= db.execute(sql.DELIVERED, sent).rowcount

    def replay(self) -> int:
        """Put what was set aside back in line; returns how many events that were."""
        with self._transaction() as db:
            hints = [_hint(*row) for row in db.execute(sql.ALL_SET_ASIDE)]
            for hint in hints:
                key = key_of(hint.data)
                waiting = db.execute(sql.FIND, (key,)).fetchone()
                newest = merge(hint, _hint(*waiting)) if waiting else hint
                if not self._put(db, key, newest):
                    self._add_gap(db, "spool_full", since=newest.time)
            db.execute(sql.FORGET_SET_ASIDE)
        return len(hints)

    def remember_failure(self, reason: str) -> None:
        """Remember why the last delivery failed, for whoever asks later."""
        with self._transaction() as db:
            db.execute(sql.FAILED, (self._clock(), reason))

    def pending(self) -> Pending:
        """How many events wait, and for how long."""
        with self._transaction() as db:
            oldest = db.execute(sql.OLDEST).fetchone()
            waited = max(0.0, self._clock() - oldest[0]) if oldest else 0.0
            return Pending(self._count, waited)

    def select(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of one of the reports in ``spool_schema``."""
        with self._transaction() as db:
            return list(db.execute(statement))

    def _put_all(self, db: sqlite3.Connection, hints: Iterable[Hint]) -> list[Hint]:
        """Those for which there is no room, one for each thing that changed."""
        new = self._repeats.without(hints)
        newest: dict[str, Hint] = {}
        for hint in new:
            key = key_of(hint.data)
            newest[key] = merge(newest[key], hint) if key in newest else hint
        left = {k: hint for k, hint in newest.items() if not self._put(db, k, hint)}
        if left:
            new = [hint for hint in new if key_of(hint.data) not in left]
        self._repeats.remember(new)
        return list(left.values())

    def _put(self, db: sqlite3.Connection, key: str, hint: Hint) -> bool:
        known = db.execute(sql.FIND, (key,)).fetchone()
        if known is not None:
            _, *row = _row(merge(_hint(*known), hint))
            db.execute(sql.UPDATE, (*row, key))
            return True
        if self._count >= self._max and not isinstance(hint.data, wire.Gap):
            return False
        db.execute(sql.INSERT, (key, self._clock(), *_row(hint)))
        self._count += 1
        return True

    def _add_gap(self, db: sqlite3.Connection, reason: str, since: str | None) -> None:
        gap = wire.Gap(mounts=self._mounts, reason=reason, since=since)
        key, before = key_of(gap), self._count
        self._put(db, key, Hint(gap, str(uuid.uuid4()), since))
        self.gaps[reason] += self._count - before

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block or nothing; foreign errors become SpoolError."""
        with self._lock:
            db = self._db or self._open()
            try:
                db.execute("BEGIN IMMEDIATE")
                self._recount(db)
                yield db
                db.execute("COMMIT")
            except _BROKEN as error:
                self._undo(db)
                if self._repair and is_corrupt(error):
                    self._start_afresh()
                raise SpoolError(reason(error)) from error
            except BaseException:
                self._undo(db)
                raise

    def _undo(self, db: sqlite3.Connection) -> None:
        self._data_version = -1  # the count may have run ahead
        self._repeats.forget()
        with suppress(sqlite3.Error):  # what brought us here is reported already
            if db.in_transaction:
                db.execute("ROLLBACK")

    def _recount(self, db: sqlite3.Connection) -> None:
        """Count again when another process, such as a replay, has written."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if version != self._data_version:
            self._data_version = version
            (self._count,) = db.execute(sql.COUNT).fetchone()

    def _open(self) -> sqlite3.Connection:
        try:
            self._db = connect(self._path)
        except (*_BROKEN, SpoolError) as error:
            if self._repair and is_corrupt(error):
                self._start_afresh()
            if self._db is None:
                raise SpoolError(reason(error)) from error
        return self._db

    def _start_afresh(self) -> None:
        """Move the broken file away, open a new one and note the gap in it."""
        if self._db is not None:
            self._db.close()
        self._db, self._data_version = None, -1
        with suppress(sqlite3.Error, OSError):  # the next call opens, and reports
            aside = move_away(self._path, self._clock())
            log.error("the spool was no database; it was moved away", path=str(aside))
            db = connect(self._path)
            self._count = 0
            self._add_gap(db, "spool_corrupt", since=None)
            self._db = db


def _row(hint: Hint) -> tuple[str, str, str | None, bytes]:
    kind = _NAMES[type(hint.data)]
    return kind, hint.id, hint.time, msgspec.json.encode(hint.data)


def _hint(kind: str, id: str, time: str | None, data: bytes) -> Hint:
    if kind not in _TYPES:
        raise msgspec.ValidationError("no type of ours")
    return Hint(msgspec.json.decode(data, type=_TYPES[kind]), id, time)
