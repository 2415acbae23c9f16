"""The one SQLite file that holds the queue, the journal, the plans and the pauses.

One process owns it, by a lock on ``<path>.lock`` that ends with the process. A commit
is in the write-ahead log, where everybody sees it and a power cut may undo it, which
only repeats work. What is acknowledged to somebody else is flushed to disk first, by
ourselves and after the lock is free: the work goes on while the disk turns. A file
that cannot be read is set aside when it is opened, never deleted, and a fresh one is
begun: what the replication needs can be proven anew, and what people decided and did
stays in the file that was set aside. Damage that shows later is marked beside the file,
so that the next to open it does the same.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from receiver.adapters.state_format import (
    Corrupt,
    StateUnusable,
    is_damage,
    mark,
    prepare,
    reason,
    set_aside,
)

_CHECKPOINT = "PRAGMA wal_checkpoint(RESTART)"
# As SQLite itself does: the file's times need not be on disk.
_flush = os.fsync if sys.platform == "darwin" else os.fdatasync


class StateInUse(StateUnusable):
    """Another process owns the state file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in use by another process")
        self.path = path


class StateFile:
    """The open file. Use :func:`open_state`; close it after its queue and journal.

    ``lock`` serialises the writers, so that none ever waits for SQLite's own lock,
    which sleeps and polls. ``log_file`` is what is flushed. ``set_aside`` names the
    unreadable file that was found instead of this one, if any. ``on_damage`` is called
    by whichever thread finds that this one cannot be read any more, maybe often.
    """

    def __init__(self, path: Path, owner: int, set_aside: Path | None) -> None:
        self.path = path
        self.set_aside = set_aside
        self.lock = threading.RLock()
        self.is_damaged = False
        self.on_damage: Callable[[], object] = bool  # nobody wants to know
        self._reading = threading.Lock()
        self._owner = owner
        self._repeatable = _connect(path)
        self._reader = _connect(path, read_only=True)
        # SQLite holds no lock on this file that closing it would give up.
        self.log_file = os.open(_log_of(path), os.O_RDONLY | os.O_CLOEXEC)
        _flush_directory(path.parent)  # or a power cut may take the log's own name
        self._log_lost = False

    @contextmanager
    def acknowledged(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """A transaction that is on disk when the block ends; else ``or_raise`` says
        why, and only when the disk failed in the end may it be there all the same."""
        with self.repeatable(or_raise) as db:
            yield db
        self.flush(or_raise)

    def flush(self, or_raise: type[Exception]) -> None:
        """Returns when all that was committed before is on disk. Call it without the
        lock, which it needs only after a failure."""
        if self._log_lost:
            self._rescue(or_raise)
        try:
            _flush(self.log_file)
        except OSError as error:
            # The kernel may call the next flush good though this one's pages are lost.
            self._log_lost = True
            raise or_raise(
                f"the state file cannot be used: {error.strerror}"
            ) from error

    def _rescue(self, or_raise: type[Exception]) -> None:
        """Copy the whole log into the database, so that nothing depends on it."""
        with self.lock, self._reading, self._translated(or_raise):
            busy, *_ = self._repeatable.execute(_CHECKPOINT).fetchone()
            if busy:
                raise or_raise("the state file cannot be used: it is being read")
            self._log_lost = False

    @contextmanager
    def repeatable(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """A transaction that a power cut may undo, a crash of the process not."""
        with (
            self.lock,
            self._translated(or_raise),
            _transaction(self._repeatable) as db,
        ):
            yield db

    @contextmanager
    def glance(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """What is committed, while nobody writes; for short looks under the lock."""
        with self.lock, self._translated(or_raise):
            yield self._repeatable

    @contextmanager
    def reading(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """What is committed. Holds up no writer; keep the block short all the same."""
        with self._reading, self._translated(or_raise):
            yield self._reader

    def close(self) -> None:
        """Close the connections and give up ownership."""
        with self.lock, self._reading:
            for connection in (self._reader, self._repeatable):
                connection.close()
            os.close(self.log_file)
            os.close(self._owner)

    @contextmanager
    def _translated(self, to: type[Exception]) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if is_damage(error):
                self.is_damaged = True
                with suppress(OSError):  # then the next start looks for itself
                    mark(self.path)
                self.on_damage()
            raise to(f"the state file cannot be used: {reason(error)}") from error


def open_state(path: Path, *schemas: str) -> StateFile:
    """Open or create the file with these tables. Raises StateUnusable or StateInUse."""
    try:
        for parent in reversed(path.parents):
            # One by one: mkdir(parents=True) gives its mode to the last alone.
            if not parent.exists():
                parent.mkdir(mode=0o700)
        owner = _own(path)
    except OSError as error:
        raise StateUnusable(f"{path} cannot be used: {error.strerror}") from error
    try:
        return _open_owned(path, owner, schemas)
    except BaseException:
        os.close(owner)
        raise


def _own(path: Path) -> int:
    lock_file = path.with_name(path.name + ".lock")
    owner = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(owner)
        raise StateInUse(path) from error
    except BaseException:
        os.close(owner)
        raise
    return owner


def _open_owned(path: Path, owner: int, schemas: tuple[str, ...]) -> StateFile:
    aside = None
    try:
        try:
            prepare(path, schemas)
        except Corrupt:
            aside = set_aside(path)
            prepare(path, schemas)
        return StateFile(path, owner, aside)
    except OSError as error:
        raise StateUnusable(f"{path} cannot be used: {error.strerror}") from error
    except (sqlite3.Error, Corrupt) as error:
        raise StateUnusable(f"{path} cannot be used: {reason(error)}") from error


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=5
    )
    connection.row_factory = sqlite3.Row
    # Checkpoints flush, commits do not: flush() is for those that must not be lost.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("SELECT count(*) FROM sqlite_schema")  # makes the log
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _flush_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        # A full disk has already rolled back by itself; a failed COMMIT has not.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
