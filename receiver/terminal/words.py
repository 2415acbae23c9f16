"""Small pieces of text: how a secret, a number, a time are written for a person.

Paths and messages come from elsewhere, so whatever a terminal could take for a command
is shown and not sent. What is printed as a command can be pasted into a shell.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))
_LONGEST_NOTE = 500


def printable(text: object) -> str:
    """One line that moves no cursor: control characters as ``\\x1b``."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in str(text)
    )


def note(text: object) -> str:
    """The same for messages that somebody else wrote, in bounds."""
    line = printable(text or "")
    return line if len(line) <= _LONGEST_NOTE else line[: _LONGEST_NOTE - 1] + "…"


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 secret``, ``1,204 secrets``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str], *, last: str = " and ") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + last + parts[-1]


def duration(seconds: float) -> str:
    """``0.21 s``, ``41 s``, ``14 min``, ``3 h``, ``2 d``: rounded."""
    if seconds < 10:
        return f"{max(0.0, seconds):.2g} s"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def epoch(value: object) -> float | None:
    """Epoch seconds of an RFC 3339 text, or of a number; None for anything else."""
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None


def moment(value: object) -> str:
    """``2026-11-23 10:04:11Z``, of what :func:`epoch` understands."""
    seconds = epoch(value)
    if seconds is None:
        return "at a time not known"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def place(item: Mapping[str, Any]) -> str:
    """Where a secret is in Vault: ``namespace/mount/path``."""
    parts = (item.get("namespace"), item.get("mount"), item.get("path"))
    return printable("/".join(part for part in parts if part))


def argument(item: Mapping[str, Any]) -> str:
    """The same as a command takes it: ``MOUNT/PATH``, and the namespace beside it."""
    parts = (item.get("mount"), item.get("path"))
    words = [shlex.quote("/".join(part for part in parts if part))]
    if namespace := item.get("namespace"):
        words += ["--namespace", shlex.quote(namespace)]
    return " ".join(words)


def columns(
    rows: Sequence[Sequence[str]], *, indent: str = "  ", gap: str = "   "
) -> list[str]:
    """Rows of one length as lines with aligned columns; empty columns take no room."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width
        ]
        lines.append(indent + gap.join(cells).rstrip())
    return lines
