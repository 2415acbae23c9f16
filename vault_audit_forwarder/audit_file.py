"""One open audit file, and the directory that it lies in.

Reading never trusts the offset alone: a file that was emptied and written to again can
have grown past it. So the file's first bytes are compared after every read; what was
read before they changed is good. Every error of the system is left as it is.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from vault_audit_forwarder.checkpoint import HEAD_BYTES, Checkpoint, checkpoint
from vault_audit_forwarder.rotation import Found, is_of_family

# Each read is cut into lines in one go, during which no other thread runs.
_READ_BYTES = 256 * 1024
_LISTINGS = 10


class Truncated(Exception):
    """The file holds no longer what was read from it: it was emptied."""


class AuditFile:
    """Open for reading from ``offset`` on, in bytes; a rename does not matter."""

    def __init__(self, path: Path) -> None:
        """Open the file, at its beginning. Raises OSError."""
        # Without O_NONBLOCK the opening of a pipe would wait for a writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = os.open(path, flags)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._descriptor)
            raise OSError(errno.EINVAL, "it is no regular file")
        self.inode = status.st_ino
        self._device = status.st_dev
        self.offset = 0
        self._head = b""

    def close(self) -> None:
        os.close(self._descriptor)

    def go_to_last_line(self) -> None:
        """To the end, or to the beginning of the line that is being written there."""
        size = self.status("").size
        start = max(0, size - _READ_BYTES)
        end = os.pread(self._descriptor, size - start, start)
        self._go_to(start + end.rfind(b"\n") + 1 if b"\n" in end else size)

    def go_on_at(self, known: Checkpoint) -> bool:
        """To a checkpoint. False when it is of another file."""
        beginning = os.pread(self._descriptor, HEAD_BYTES, 0)
        if not known.is_of(self.inode, beginning):
            return False
        self._go_to(known.offset)
        return True

    def rewind(self) -> None:
        """To the beginning, whatever was there before."""
        self._go_to(0)

    def read(self) -> bytes:
        """What was appended, a piece at a time; empty at the end. Raises Truncated."""
        piece = os.pread(self._descriptor, _READ_BYTES, self.offset)
        if os.pread(self._descriptor, len(self._head), 0) != self._head:
            raise Truncated
        if not piece and self.status("").size < self.offset:
            raise Truncated
        self.offset += len(piece)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + piece)[:HEAD_BYTES]
        return piece

    def checkpoint(self, offset: int) -> Checkpoint:
        """One at ``offset``, which is not after what was read."""
        return checkpoint(self.inode, offset, self._head)

    def status(self, name: str) -> Found:
        """As a listing would show it under ``name``."""
        now = os.fstat(self._descriptor)
        return Found(name, now.st_ino, now.st_size, now.st_mtime_ns)

    def is_at(self, path: Path) -> bool:
        """Whether ``path`` names this file. False also when it names none."""
        try:
            there = path.stat()
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (self._device, self.inode)

    def _go_to(self, offset: int) -> None:
        self.offset = offset
        head = min(offset, HEAD_BYTES)
        self._head = os.pread(self._descriptor, head, 0)


def read_family(path: Path) -> list[Found]:
    """The file at ``path`` and its rotated siblings. Raises OSError.

    A listing during a rotation can miss what is being renamed: it is repeated until
    two in a row say the same.
    """
    found = _list(path)
    for _ in range(_LISTINGS):
        before, found = found, _list(path)
        if {one[:2] for one in before} == {one[:2] for one in found}:
            break
    return found


def _list(path: Path) -> list[Found]:
    found = []
    for name in os.listdir(path.parent):
        if not is_of_family(name, path.name):
            continue
        try:
            status = os.stat(path.with_name(name))
        except FileNotFoundError:
            continue  # renamed just now: the listing is repeated
        if stat.S_ISREG(status.st_mode):
            found.append(Found(name, status.st_ino, status.st_size, status.st_mtime_ns))
    return found
