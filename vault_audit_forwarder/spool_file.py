"""The spool's file: opened privately, judged when SQLite complains, moved away.

What SQLite says is reduced to the name of its error: its texts can quote a row.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from vault_audit_forwarder import spool_schema as sql
from vault_audit_forwarder.program.private_files import make_private

_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class SpoolError(Exception):
    """The disk or the database refused; nothing of the call took effect."""


def connect(path: Path) -> sqlite3.Connection:
    """Open or create the database. Raises sqlite3.Error, OSError, SpoolError."""
    make_private(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    # No fsync per commit: a killed process loses nothing by that. A power failure can
    # lose the last commits, but after it Vault connects anew, which is a gap, and the
    # receiver compares.
    db.execute("PRAGMA synchronous = NORMAL")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > sql.VERSION:
        raise SpoolError("it was written by a newer version of this program")
    db.executescript(f"{sql.TABLES} PRAGMA user_version = {sql.VERSION};")


def move_away(path: Path, now: float) -> Path:
    """Rename a broken database and what belongs to it; returns its new name."""
    aside = path.with_name(f"{path.name}.corrupt-{int(now)}")
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(f"{path}{ending}"):
            os.replace(f"{path}{ending}", f"{aside}{ending}")
    return aside


def is_corrupt(error: Exception) -> bool:
    """Whether the file itself is broken, rather than the disk full or busy."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # from Python itself: a text that is no UTF-8
            return isinstance(error, sqlite3.OperationalError)
        # The low byte is the primary code; the rest says which kind of it.
        return code & 0xFF in _CORRUPT
    return not isinstance(error, OSError | SpoolError)  # a row that nobody wrote so


def reason(error: Exception) -> str:
    """What went wrong, in words that hold nothing of the file."""
    if isinstance(error, SpoolError):
        return str(error)
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return getattr(error, "sqlite_errorname", "a row cannot be read")
