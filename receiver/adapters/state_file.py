"""The one SQLite file that holds the queue, the journal, the plans and the pauses.

One process owns it, by a lock on ``<path>.lock`` that ends with the process. A commit
is in the write-ahead log, where everybody sees it and a power cut may undo it, which
only repeats work. What is acknowledged to somebody else is flushed to disk first, by
ourselves and after the lock is free: the work goes on while the disk turns. A file
that SQLite cannot read is set aside, never deleted, and a fresh one is begun: what the
replication needs can be proven anew, and what people decided and did stays in the file
that was set aside.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_FORMAT = 3
# What each earlier format needs to become the next; in one transaction with the rest.
_UPGRADES = {
    # Entries got a wider key and new fields. They are a cache: dropped, they are proven
    # anew from AWS, which is surer than guessing what an old row would have said. The
    # queue, the gaps and the versions made lately are known here alone, and stay.
    1: """
ALTER TABLE work ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
DROP TABLE secret;
""",
    # Pauses: nothing to change, but a version that knows of none would write all the
    # same, and so must not open the file.
    2: "",
}
_COMPANIONS = ("", "-wal", "-shm")
_CHECKPOINT = "PRAGMA wal_checkpoint(RESTART)"
# As SQLite itself does: the file's times need not be on disk.
_flush = os.fsync if sys.platform == "darwin" else os.fdatasync
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class StateUnusable(Exception):
    """The state file cannot be opened. Says which, why, and what to do."""


class StateInUse(StateUnusable):
    """Another process owns the state file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in use by another process")
        self.path = path


class _Corrupt(Exception):
    """SQLite finds the file damaged, or not to be a database at all."""


class StateFile:
    """The open file. Use :func:`open_state`; close it after its queue and journal.

    ``lock`` serialises the writers, so that none ever waits for SQLite's own lock,
    which sleeps and polls. ``log_file`` is what is flushed. ``set_aside`` names the
    unreadable file that was found instead of this one, if any.
    """

    def __init__(self, path: Path, owner: int, set_aside: Path | None) -> None:
        self.path = path
        self.set_aside = set_aside
        self.lock = threading.RLock()
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
        with self.lock, self._reading, _translated(or_raise):
            busy, *_ = self._repeatable.execute(_CHECKPOINT).fetchone()
            if busy:
                raise or_raise("the state file cannot be used: it is being read")
            self._log_lost = False

    @contextmanager
    def repeatable(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """A transaction that a power cut may undo, a crash of the process not."""
        with self.lock, _translated(or_raise), _transaction(self._repeatable) as db:
            yield db

    @contextmanager
    def glance(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """What is committed, while nobody writes; for short looks under the lock."""
        with self.lock, _translated(or_raise):
            yield self._repeatable

    @contextmanager
    def reading(self, or_raise: type[Exception]) -> Iterator[sqlite3.Connection]:
        """What is committed. Holds up no writer; keep the block short all the same."""
        with self._reading, _translated(or_raise):
            yield self._reader

    def close(self) -> None:
        """Close the connections and give up ownership."""
        with self.lock, self._reading:
            for connection in (self._reader, self._repeatable):
                connection.close()
            os.close(self.log_file)
            os.close(self._owner)


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
    set_aside = None
    try:
        try:
            _prepare(path, schemas)
        except _Corrupt:
            set_aside = _set_aside(path)
            _prepare(path, schemas)
        return StateFile(path, owner, set_aside)
    except OSError as error:
        raise StateUnusable(f"{path} cannot be used: {error.strerror}") from error
    except (sqlite3.Error, _Corrupt) as error:
        raise StateUnusable(f"{path} cannot be used: {_reason(error)}") from error


def _prepare(path: Path, schemas: tuple[str, ...]) -> None:
    # SQLite gives its -wal and -shm files the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _Corrupt("damaged")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > _FORMAT:
            raise StateUnusable(f"{path} was written by a newer version")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_to_format(found, schemas))
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise _Corrupt("damaged") from error
        raise
    finally:
        connection.close()


def _to_format(found: int, schemas: tuple[str, ...]) -> str:
    """The script from the format ``found``, 0 for a new file, to today's: all or
    nothing, so that a crash in it leaves a file of one format."""
    upgrades = [text for number, text in _UPGRADES.items() if 0 < found <= number]
    steps = [*upgrades, *schemas, f"PRAGMA user_version = {_FORMAT};"]
    return "\n".join(["BEGIN IMMEDIATE;", *steps, "COMMIT;"])


def _set_aside(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.corrupt-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    for companion in _COMPANIONS:
        found = path.with_name(path.name + companion)
        if found.exists():
            found.rename(aside.with_name(aside.name + companion))
    return aside


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


@contextmanager
def _translated(to: type[Exception]) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise to(f"the state file cannot be used: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """SQLite's name for it. Its messages are left out: they can quote a statement."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
