"""What a comparison says to people: one difference in a plan, and its words.

Nothing here holds a value. Reasons are short, say how long ago where that is known,
and repeat nothing that strangers wrote into AWS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from receiver.core.state import SecretRef

_OURS = re.compile(r"v([1-9][0-9]*)-[a-z2-7]{52}", re.ASCII)
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))

#: Reference, rule, Region and name: of each there is one difference at most.
Key: TypeAlias = tuple[SecretRef, str, str, str]


class Kind(StrEnum):
    """What would be done, in the order in which it is counted, or why nothing is."""

    CREATE = "create"
    UPDATE = "update"
    RESTORE = "restore"
    REPAIR = "repair"
    DELETE = "delete"
    CONFLICT = "conflict"
    PARKED = "parked"
    HELD = "held"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One secret at one place where AWS is not what Vault says. ``before`` and
    ``after`` are versions in AWS and in Vault (``v6``), None where there is none."""

    action: Kind
    ref: SecretRef
    rule: str
    region: str
    name: str
    before: str | None = None
    after: str | None = None
    reason: str = ""
    cause: str | None = None

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.ref, self.rule, self.region, self.name


def version_in(version_id: str | None) -> int | None:
    """The Vault version that one of our version ids speaks of; None for all others,
    and on KV v1."""
    found = _OURS.fullmatch(version_id or "")
    return int(found[1]) if found else None


def version_text(version: int | None) -> str | None:
    """``v6``."""
    return None if version is None else f"v{version}"


def duration(seconds: float) -> str:
    """``41 s``, ``12 min``, ``2 h``, ``3 d``: cut, never below zero."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds / size)} {unit}"
    return "0 s"
