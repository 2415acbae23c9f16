"""Cuts a stream of bytes into lines, whatever the size of its pieces.

Vault writes one line per entry and most fit in one piece, but a listing is one line
of many megabytes. So every byte is searched once: whole lines are cut out of a piece
in one go, and only the unfinished last one is kept, in a buffer that is appended to
and never searched again. A BytesIO, since what that gives out is its own memory and no
copy. A line longer than the cap is dropped up to its newline.
"""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

MAX_LINE_BYTES = 64 * 1024 * 1024


class Split(NamedTuple):
    """``lines`` are complete and without their newline; ``oversized`` were dropped."""

    lines: list[bytes]
    oversized: int


class LineSplitter:
    """One stream. ``max_line_bytes`` is the longest line that is handed out."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._unfinished = BytesIO()
        self._skipping = False

    @property
    def torn(self) -> bool:
        """Whether the stream, if it ended now, would end within a line."""
        return self._skipping or self._unfinished.tell() > 0

    def feed(self, piece: bytes) -> Split:
        """Take the next piece; the lines it completes, in order."""
        lines = piece.split(b"\n")
        rest = lines.pop()
        if lines and self._skipping:
            self._skipping = False
            del lines[0]
        elif lines and self._unfinished.tell():
            self._unfinished.write(lines[0])
            lines[0] = self._unfinished.getvalue()
            self._unfinished = BytesIO()
        oversized = 0
        if len(piece) > self._max or (lines and len(lines[0]) > self._max):
            # Only a line that began in an earlier piece, or a piece longer than the
            # cap, can be too long: the usual piece is not looked at line by line.
            kept = [line for line in lines if len(line) <= self._max]
            oversized = len(lines) - len(kept)
            lines = kept
        return Split(lines, oversized + self._keep(rest))

    def _keep(self, rest: bytes) -> int:
        """Append to the unfinished line; 1 when it has just become too long."""
        if self._skipping:
            return 0
        self._unfinished.write(rest)
        if self._unfinished.tell() <= self._max:
            return 0
        self._unfinished = BytesIO()
        self._skipping = True
        return 1
