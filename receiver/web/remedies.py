"""Who must act for an entry, and what they do."""

from __future__ import annotations

from receiver.core.causes import REMEDIES, Cause
from receiver.core.state import Entry


def remedy_of(entry: Entry) -> dict[str, str]:
    """``who`` and ``do`` for the entry's cause; empty for one of another version."""
    if entry.cause not in set(Cause):
        return {}
    remedy = REMEDIES[Cause(entry.cause)]
    return {"who": remedy.who, "do": remedy.do}
