"""Vault's times, made comparable.

Vault writes RFC 3339 with up to nine digits of a second and cuts trailing zeros, so
its times do not compare as strings, and a float is too coarse for their nanoseconds.
"""

from __future__ import annotations

import re
from datetime import datetime

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


def nanoseconds(time: str) -> int:
    """An RFC 3339 time as nanoseconds since 1970. Raises ValueError."""
    match = _RFC3339.fullmatch(time)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    day, clock, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset
    seconds = int(datetime.fromisoformat(f"{day}T{clock}{offset}").timestamp())
    return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def later(one: str | None, other: str | None) -> bool:
    """Whether ``one`` is after ``other``; None is before every time."""
    if one is None:
        return False
    return other is None or nanoseconds(one) > nanoseconds(other)
