"""Follows one audit file through its rotations, line by line.

The file that is open is read to its end before the next one is opened, so a line is
read once and none is left out as long as its file is there. Where lines may have been
missed, the reason is among the ``gaps`` of a portion. Whatever cannot be opened or read
is tried again with the next call, from the same place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from vault_audit_forwarder import rotation
from vault_audit_forwarder.audit_file import AuditFile, Truncated, read_family
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.lines import MAX_LINE_BYTES, LineSplitter
from vault_audit_forwarder.rotation import Found

NEW_FILE, FILE_LOST, FILE_TRUNCATED = "new_file", "file_lost", "file_truncated"


class Missing(Exception):
    """There is no file, yet. The message says where."""


class Unreadable(Exception):
    """The file is there and cannot be read: where, why, and what to do."""


class Portion(NamedTuple):
    """What one call found. ``idle``: there is nothing more to read at the moment."""

    lines: list[bytes]
    oversized: int = 0
    gaps: tuple[str, ...] = ()
    idle: bool = False


_NOTHING = Portion([], idle=True)


class Tail:
    """``path`` is where Vault writes; ``known`` is how far it was read before.

    Without ``known`` only what is written from now on is read.
    """

    def __init__(
        self,
        path: Path,
        known: Checkpoint | None,
        *,
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self.path = path
        self._known = known
        self._max_line_bytes = max_line_bytes
        self._awaited = False
        self._file: AuditFile | None = None
        self._splitter = LineSplitter(max_line_bytes)
        self._line_start = 0

    @property
    def position(self) -> Checkpoint | None:
        """The beginning of the first line not yet handed out; None before any file."""
        if self._file is None:
            return self._known
        return self._file.checkpoint(self._line_start)

    def read(self) -> Portion:
        """What comes next. Raises Missing, Unreadable."""
        try:
            if self._file is None:
                return Portion([], gaps=self._open())
            return self._read_on(self._file)
        except _Renamed:
            return _NOTHING
        except FileNotFoundError:
            self._awaited = True
            raise Missing(f"{self.path} does not exist") from None
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unreadable(
                f"{self.path} cannot be read ({why}): let this user read the file and "
                "list its directory"
            ) from error

    def close(self) -> None:
        """Let go of the file. A later read goes on where this one stood."""
        if self._file is not None:
            self._known, file, self._file = self.position, self._file, None
            file.close()

    def _open(self) -> tuple[str, ...]:
        """Begin or go on; the gaps that this leaves."""
        if self._known is None:
            with _kept(AuditFile(self.path)) as file:
                if not self._awaited:
                    file.go_to_last_line()
            self._take(file)
            return (NEW_FILE,)
        known = self._find(self._known)
        if known is not None:
            self._take(known)
            # Of an empty file there is nothing to know it by: it may have been filled
            # and emptied since.
            return () if self._known.offset else (NEW_FILE,)
        # The one alive is younger than what was lost: it is read from its beginning.
        file = AuditFile(self.path)
        self._take(file)
        emptied = file.inode == self._known.inode
        return (FILE_TRUNCATED if emptied else FILE_LOST,)

    def _find(self, known: Checkpoint) -> AuditFile | None:
        """The file of a checkpoint, under whatever name, open at that place."""
        found = rotation.find(known.inode, read_family(self.path), self.path.name)
        if found is None:
            return None
        with _kept(self._open_found(found)) as file:
            same = file.go_on_at(known)
        if not same:
            file.close()
        return file if same else None

    def _read_on(self, file: AuditFile) -> Portion:
        try:
            piece = self._piece(file)
            if piece:
                return self._split(file, piece)
            following = self._following(file)
            if following is None:
                return _NOTHING
            # Nobody writes here any more: what comes now are the last lines.
            piece = self._piece(file)
        except Truncated:
            file.rewind()
            self._take(file)
            return Portion([], gaps=(FILE_TRUNCATED,))
        return self._split(file, piece) if piece else self._go_over(file, following)

    def _piece(self, file: AuditFile) -> bytes:
        try:
            return file.read()
        except OSError:
            self.close()  # a file server may have forgotten it; the next call reopens
            raise

    def _split(self, file: AuditFile, piece: bytes) -> Portion:
        newline = piece.rfind(b"\n")
        if newline >= 0:
            self._line_start = file.offset - len(piece) + newline + 1
        return Portion(*self._splitter.feed(piece))

    def _following(self, file: AuditFile) -> Found | None:
        if file.is_at(self.path):
            return None
        family = read_family(self.path)
        name = next((one.name for one in family if one.inode == file.inode), "")
        return rotation.successor(file.status(name), family, self.path.name)

    def _go_over(self, file: AuditFile, following: Found) -> Portion:
        opened = self._open_found(following)
        torn = self._splitter.torn
        file.close()
        self._take(opened)
        return Portion([], gaps=("torn_line",) if torn else ())

    def _open_found(self, found: Found) -> AuditFile:
        try:
            file = AuditFile(self.path.with_name(found.name))
        except FileNotFoundError:
            raise _Renamed from None
        if file.inode != found.inode:
            file.close()
            raise _Renamed
        return file

    def _take(self, file: AuditFile) -> None:
        self._file = file
        self._splitter = LineSplitter(self._max_line_bytes)
        self._line_start = file.offset


@contextmanager
def _kept(file: AuditFile) -> Iterator[AuditFile]:
    """Open afterwards, unless something was raised."""
    try:
        yield file
    except BaseException:
        file.close()
        raise


class _Renamed(Exception):
    """The directory was listed in the middle of a rotation: look again."""
