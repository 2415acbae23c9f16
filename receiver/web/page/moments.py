"""A time as people need it: when it was in UTC, and how long ago."""

from __future__ import annotations

from dataclasses import dataclass

from receiver.terminal.words import duration, epoch, moment
from receiver.web.items import moment as rfc3339


@dataclass(frozen=True, slots=True)
class When:
    """``iso`` is for programs, ``text`` in UTC to the second, ``ago`` relative."""

    iso: str
    text: str
    ago: str


def when(value: object, now: float) -> When | None:
    """Of epoch seconds or an RFC 3339 text; None for what is neither."""
    at = epoch(value)
    if at is None:
        return None
    return When(rfc3339(at), moment(at), _relative(now - at))


def _relative(age: float) -> str:
    if abs(age) < 1:
        return "just now"
    return f"{duration(age)} ago" if age > 0 else f"in {duration(-age)}"
