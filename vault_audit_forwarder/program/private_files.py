"""Files that only this program's user may read: the spool, the state database, tokens.

Missing directories are made 0700 and the file 0600 before anything is written to it.
A lock beside the file keeps a second process out; the lock dies with its holder.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
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


def replace_private(path: Path, text: str) -> None:
    """Put ``text`` at ``path``: all of it or nothing, mode 0600. Raises OSError.

    A file that is replaced keeps its owner, where we may give one; of a symbolic link
    it is the file behind it.
    """
    target = path.resolve()
    for parent in reversed([one for one in target.parents if not one.exists()]):
        parent.mkdir(mode=0o700, exist_ok=True)
    new, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(new, "w") as file:
            file.write(text)
            _keep_owner(file.fileno(), target)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _keep_owner(file: int, target: Path) -> None:
    if target.exists():
        owner = target.stat()
        if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
            os.fchown(file, owner.st_uid, owner.st_gid)


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
