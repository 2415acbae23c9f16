"""Up to where a file was read: what is kept on disk between two runs. Pure.

A file is known by its inode, which a rename leaves as it is, and by a digest of its
first bytes: an inode number is used again after its file is gone, and a copied and
emptied file begins with other bytes. The device is left out on purpose, its number can
change with every boot.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

#: Vault's first line has a time in nanoseconds and an id in so many bytes.
HEAD_BYTES = 1024


class Checkpoint(NamedTuple):
    """The lines before ``offset`` (in bytes) are done with.

    ``head_digest`` is that of the first ``head_bytes`` bytes: HEAD_BYTES of them, or
    as many as stand before ``offset``.
    """

    inode: int
    offset: int
    head_bytes: int
    head_digest: bytes

    def is_of(self, inode: int, beginning: bytes) -> bool:
        """Whether a file with this inode and beginning is the one that was read.

        ``beginning`` has HEAD_BYTES bytes, or all that the file has.
        """
        head = beginning[: self.head_bytes]
        return self.inode == inode and self.head_digest == _digest(head)


def checkpoint(inode: int, offset: int, beginning: bytes) -> Checkpoint:
    """The checkpoint at ``offset`` of a file that begins so."""
    head = beginning[: min(offset, HEAD_BYTES)]
    return Checkpoint(inode, offset, len(head), _digest(head))


def _digest(head: bytes) -> bytes:
    return hashlib.blake2b(head, digest_size=16).digest()
