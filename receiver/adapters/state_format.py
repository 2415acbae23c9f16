"""What a state file must be to be worked with, and where it goes when it is not.

It is read to the end before it is used, brought from an earlier format to today's in
one transaction, and set aside under a name of its own when it cannot be read.
"""

from __future__ import annotations

import os
import sqlite3
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
_MARK = ".damaged"
_COMPANIONS = ("", "-wal", "-shm", _MARK)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class StateUnusable(Exception):
    """The state file cannot be opened. Says which, why, and what to do."""


class Corrupt(Exception):
    """The file is damaged, or no database at all."""


def prepare(path: Path, schemas: tuple[str, ...]) -> None:
    """Check it, and bring it to today's format. Raises Corrupt, StateUnusable, OSError
    and sqlite3.Error."""
    if path.with_name(path.name + _MARK).exists():
        raise Corrupt("marked")
    # SQLite gives its -wal and -shm files the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _check(connection)
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > _FORMAT:
            raise StateUnusable(f"{path} was written by a newer version")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_to_format(found, schemas))
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise Corrupt("damaged") from error
        raise
    finally:
        connection.close()


def _check(connection: sqlite3.Connection) -> None:
    """Raises Corrupt, or what sqlite3 raises for a row that cannot be read: SQLite's
    own check looks at the pages, and not at the text in them."""
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise Corrupt("damaged")
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    for (table,) in tables.fetchall():
        for _ in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 our names
            pass


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is broken, rather than the disk full or busy."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # from Python itself: a text that is no UTF-8
        return isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in _DAMAGED


def _to_format(found: int, schemas: tuple[str, ...]) -> str:
    """The script from the format ``found``, 0 for a new file, to today's: all or
    nothing, so that a crash in it leaves a file of one format."""
    upgrades = [text for number, text in _UPGRADES.items() if 0 < found <= number]
    steps = [*upgrades, *schemas, f"PRAGMA user_version = {_FORMAT};"]
    return "\n".join(["BEGIN IMMEDIATE;", *steps, "COMMIT;"])


def mark(path: Path) -> None:
    """Whoever opens it next need not look. Raises OSError."""
    path.with_name(path.name + _MARK).touch(mode=0o600)


def set_aside(path: Path) -> Path:
    """Rename it, with all that belongs to it; returns its new name."""
    names = (path.with_name(f"{path.name}.corrupt-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    for companion in _COMPANIONS:
        found = path.with_name(path.name + companion)
        if found.exists():
            found.rename(aside.with_name(aside.name + companion))
    return aside


def reason(error: BaseException) -> str:
    """SQLite's name for it. Its messages are left out: they can quote a statement."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
