"""Who must act for a cause, and what they do."""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES
from receiver.core.state import Entry


def remedy_of(entry: Entry) -> dict[str, str]:
    """``who`` and ``do`` for the entry's cause; empty for one of another version."""
    return remedy(Cause(entry.cause)) if entry.cause in set(Cause) else {}


def remedy(cause: Cause) -> dict[str, str]:
    """``who`` and ``do``."""
    found = REMEDIES[cause]
    return {"who": found.who, "do": found.do}
