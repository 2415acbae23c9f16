"""An audit file as Vault keeps it: one writer that appends, opened anew when told to.

What rotates the file is somebody else, as it is in production: ``rotate`` and
``copy_truncate`` do what logrotate does, and ``reopen`` what Vault does on SIGHUP.
"""

from __future__ import annotations

import shutil
from pathlib import Path


class VaultLog:
    """Lines have no newline; ``write_part`` leaves one unfinished until the next."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)

    def write(self, *lines: bytes) -> None:
        for line in lines:
            self._file.write(line + b"\n")

    def write_part(self, part: bytes) -> None:
        self._file.write(part)

    def rename(self) -> None:
        """``.1`` becomes ``.2`` and so on; nothing is at the path afterwards."""
        self.path.rename(self._free_first())

    def reopen(self) -> None:
        self._file.close()
        self._file = self.path.open("ab", buffering=0)

    def rotate(self) -> None:
        """Rename, create and reopen, as logrotate and SIGHUP do together."""
        self.rename()
        self.path.touch()
        self.reopen()

    def copy_truncate(self) -> None:
        """What ``copytruncate`` does: Vault does not notice."""
        shutil.copyfile(self.path, self._free_first())
        with self.path.open("r+b") as file:
            file.truncate()

    def close(self) -> None:
        self._file.close()

    def _free_first(self) -> Path:
        number = 1
        while self._numbered(number).exists():
            number += 1
        for older in range(number, 1, -1):
            self._numbered(older - 1).rename(self._numbered(older))
        return self._numbered(1)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
