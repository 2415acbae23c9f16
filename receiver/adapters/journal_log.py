"""What the journal holds besides the entries: deletes of late, deeds, and open gaps.

Each function works in the transaction that its caller has begun and so decides
nothing about durability. A gap that merges into an older one gets a new number, so
that a comparison that began before it cannot clear it. A delete counts once for each
secret and rule however often it is tried.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import asdict

from receiver.adapters import journal_sql as sql
from receiver.core.state import SecretRef
from receiver.core.times import nanoseconds
from receiver.ports import Deed, Deletions, KnownGap

#: Pipelines order a sync with each deployment; the log has a line for every order.
MOST_DEEDS = 100_000
_KEPT = 86_400.0  # how long a delete is remembered, seconds; the brake looks at an hour


def deleting(db: sqlite3.Connection, ref: SecretRef, rule: str, at: float) -> None:
    """Count a delete, and forget those of more than a day before."""
    of = {"namespace": ref.namespace, "mount": ref.mount, "path": ref.path}
    db.execute(sql.DELETING, of | {"rule": rule, "at": at})
    db.execute(sql.FORGET_DELETING, {"rule": rule, "until": at - _KEPT})


def deletions(db: sqlite3.Connection, rule: str, since: float) -> Deletions:
    """The rule's deletes after ``since``, in epoch seconds."""
    row = db.execute(sql.DELETIONS, {"rule": rule, "since": since}).fetchone()
    population = row["live"] + row["gone"]
    return Deletions(made=row["made"], population=population, held=row["held"])


def add_deed(db: sqlite3.Connection, deed: Deed) -> None:
    """Write down what somebody ordered; the table gives the number. The oldest is
    forgotten when there are too many."""
    number = db.execute(sql.ADD_DEED, asdict(deed)).lastrowid or 0
    db.execute(sql.FORGET_DEEDS, (number - MOST_DEEDS,))


def deeds(db: sqlite3.Connection, before: int | None, limit: int) -> list[Deed]:
    """The newest first, from before the number ``before``."""
    rows = db.execute(sql.DEEDS, {"before": before, "limit": limit})
    return [Deed(**dict(row)) for row in rows]


def add_gap(
    db: sqlite3.Connection, mounts: Sequence[str], reason: str, since: str | None
) -> None:
    """Remember a gap; an equal one is replaced, since the earlier time of both."""
    same = (json.dumps(sorted(set(mounts))), reason)
    row = db.execute(sql.SAME_GAP, same).fetchone()
    if row is not None:
        since = _earlier(since, row["since"])
        db.execute(sql.DROP_SAME_GAP, same)
    db.execute(sql.ADD_GAP, (*same, since))


def gaps(db: sqlite3.Connection) -> list[KnownGap]:
    """All gaps not yet cleared, oldest first."""
    return [
        KnownGap(
            number=row["number"],
            mounts=tuple(json.loads(row["mounts"])),
            reason=row["reason"],
            since=row["since"],
        )
        for row in db.execute(sql.GAPS)
    ]


def clear_gaps(db: sqlite3.Connection, numbers: Collection[int]) -> None:
    """Drop these gaps, if they are still there."""
    db.executemany(sql.CLEAR_GAP, [(number,) for number in numbers])


def _earlier(one: str | None, other: str | None) -> str | None:
    """The earlier time; an unknown one could be earlier than any."""
    if one is None or other is None:
        return None
    return min(one, other, key=nanoseconds)
