"""Files that only this program's user may read: the spool, the state database.

Missing directories are made 0700 and the file 0600 before anything is written to it.
A lock beside the file keeps a second process out; the lock dies with its holder.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class InUse(Exception):
    """Another process holds the file."""


def make_private(path: Path) -> None:
    """Create ``path`` and its missing directories. Raises OSError.

    What exists keeps its mode: an operator may have chosen it.
    """
    missing = [parent for parent in path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


class FileLock:
    """One process at a time. Made beside the file, which sqlite locks on its own."""

    def __init__(self, path: Path) -> None:
        """Take the lock of ``path``. Raises InUse, OSError."""
        lock = path.with_name(path.name + ".lock")
        self._file = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise InUse(str(path)) from error

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._file)
