"""Colour for terminals: what the eye looks for, and nothing that is not said in words.

It is put onto finished lines, so the texts themselves know nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_GREEN, _YELLOW, _CYAN, _RED = 32, 33, 36, 31
_BOLD_GREEN, _BOLD_RED, _BOLD = "1;32", "1;31", "1"
_MARKS: tuple[tuple[str, int | str], ...] = (
    (r"  \+ created?\b", _GREEN),
    (r"  ~ (?:update|changed?)\b", _YELLOW),
    (r"  \* repair\b", _YELLOW),
    (r"  \^ restore\b", _CYAN),
    (r"  - delete\b", _RED),
    (r"  ! (?:conflict|parked|held|waits|needs)\b", _BOLD_RED),
    (r"(?:No changes\.|Converged:|WELL\b|IN SYNC:)", _BOLD_GREEN),
    (r"(?:ATTENTION\b|STOPPED:)", _BOLD_RED),
    (r"PAUSED\b", _YELLOW),
    (r"(?:WAITING|GONE|NOT REPLICATED):", _YELLOW),
    (r"(?:Needs you|NEEDS YOU\b.*|SECRET +STATE\b.*|Parked|Faults|Next:)", _BOLD),
)
_LINES = [
    (re.compile(f"^{pattern}", re.MULTILINE), colour) for pattern, colour in _MARKS
]


def wants_colour(env: Mapping[str, str], *, is_terminal: bool) -> bool:
    """As no-color.org has it: a terminal, unless ``NO_COLOR`` says something."""
    return is_terminal and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def painted(text: str) -> str:
    """``text`` with the beginnings of its lines in colour."""
    for pattern, colour in _LINES:
        text = pattern.sub(f"\x1b[{colour}m\\g<0>\x1b[0m", text)
    return text
