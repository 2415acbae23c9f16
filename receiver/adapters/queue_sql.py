"""The table of the work queue: its statements, and how its rows become hints.

What decides when each statement is used is elsewhere. A row's key is the reference
with whether its path is resolved: a request path may look like another secret's path.
"""

from __future__ import annotations

import sqlite3

from receiver.core.state import Hint, Lane, SecretRef, VaultRequest, Work
from receiver.ports import QueueKey, Standing, Waiting

SCHEMA = """
CREATE TABLE IF NOT EXISTS work (
  namespace    TEXT    NOT NULL,
  mount        TEXT    NOT NULL,
  path         TEXT    NOT NULL,
  unresolved   INTEGER NOT NULL,
  sequence     INTEGER NOT NULL,  -- of the newest hint
  lane         INTEGER NOT NULL,
  version      INTEGER,
  created_time TEXT,
  look_twice   INTEGER NOT NULL,
  since        REAL    NOT NULL,  -- began to wait
  due          REAL    NOT NULL,
  decided      REAL    NOT NULL,  -- the clock when due was set
  attempts     INTEGER NOT NULL DEFAULT 0,
  parked       INTEGER NOT NULL DEFAULT 0,
  cause        TEXT    NOT NULL DEFAULT '',
  detail       TEXT    NOT NULL DEFAULT '',
  doubt        INTEGER NOT NULL DEFAULT 0,  -- last: an upgrade adds it at the end
  PRIMARY KEY (namespace, mount, path, unresolved)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS work_by_turn ON work (parked, lane, due, sequence);
"""

FIND = """
SELECT * FROM work
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

#: A new hint begins anew: attempts, parked, cause and detail take their defaults.
WRITE = """
INSERT OR REPLACE INTO work (
  namespace, mount, path, unresolved, sequence, lane, version, created_time,
  look_twice, doubt, since, due, decided
) VALUES (
  :namespace, :mount, :path, :unresolved, :sequence, :lane, :version, :created_time,
  :look_twice, :doubt, :since, :due, :decided
)
"""

NEXT = """
SELECT * FROM work WHERE parked = 0 AND lane = :lane ORDER BY due, sequence LIMIT :limit
"""

NEWEST = "SELECT max(sequence) FROM work"

FORGET = """
DELETE FROM work
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

#: What was asked for before the round is done; what came since remains.
NEXT_ROUND = """
UPDATE work SET due = :due, since = :due, lane = :lane, look_twice = :look_twice,
  doubt = :doubt, version = :version, created_time = :created_time
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

RETRY = """
UPDATE work SET due = :due, decided = :now, attempts = :attempts, cause = :cause,
  detail = :detail
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

PARK = """
UPDATE work SET parked = 1, cause = :cause, detail = :detail
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = :unresolved
"""

#: ``causes`` is a JSON array, or null for all.
UNPARK = """
UPDATE work SET parked = 0, lane = :lane, due = :now, since = :now, decided = :now,
  attempts = 0
WHERE parked = 1
  AND (:causes IS NULL OR cause IN (SELECT value FROM json_each(:causes)))
"""

#: As if it had never failed. ``causes`` as above, and never null.
HASTEN = """
UPDATE work SET due = :now, decided = :now, attempts = 0, cause = '', detail = ''
WHERE parked = 0 AND cause IN (SELECT value FROM json_each(:causes))
"""

#: A reference that only waits for its time is not pending.
PENDING = """
SELECT cause FROM work
WHERE namespace = :namespace AND mount = :mount AND path = :path
  AND unresolved = 0 AND parked = 0 AND (due <= :now OR attempts > 0)
"""

#: In the order in which they are taken, lane by lane.
AHEAD = """
SELECT count(*) FROM work
WHERE parked = 0 AND due <= :now AND (lane, due, sequence) < (:lane, :due, :sequence)
"""

BACKLOG = """
SELECT count(*), min(since) FROM work
WHERE parked = 0 AND (due <= :now OR attempts > 0)
"""

#: Parked work is none of the pending, whenever it would be due.
WAITING = """
SELECT * FROM work
WHERE (namespace, mount, path, unresolved) > (:namespace, :mount, :path, :unresolved)
  AND parked = :parked AND (parked = 1 OR due <= :now OR attempts > 0)
ORDER BY namespace, mount, path, unresolved LIMIT :limit
"""
#: Before every key.
START = {"namespace": "", "mount": "", "path": "", "unresolved": -1}

PARKED = "SELECT cause, count(*) FROM work WHERE parked = 1 GROUP BY cause"

CLOCK_WENT_BACK = """
UPDATE work SET due = min(due, :now), decided = :now
WHERE decided > :now
"""


def key(ref: SecretRef, *, unresolved: bool) -> dict[str, object]:
    """The parameters that name a row."""
    return {
        "namespace": ref.namespace,
        "mount": ref.mount,
        "path": ref.path,
        "unresolved": unresolved,
    }


def key_of(work: Work) -> dict[str, object]:
    """The parameters that name the row of ``work``."""
    return key(work.hint.ref, unresolved=work.hint.unresolved)


def values(hint: Hint) -> dict[str, object]:
    """The parameters that a hint gives for its row."""
    return key(hint.ref, unresolved=hint.unresolved) | {
        "lane": hint.lane,
        "version": hint.version,
        "created_time": hint.created_time,
        "look_twice": hint.look_twice,
        "doubt": hint.doubt,
        "due": hint.not_before,
    }


def place(row: sqlite3.Row) -> QueueKey:
    """The row's key."""
    ref = SecretRef(row["namespace"], row["mount"], row["path"])
    return ref, bool(row["unresolved"])


def waiting(row: sqlite3.Row) -> Waiting:
    """The row as it is shown to people."""
    ref, unresolved = place(row)
    return Waiting(
        ref=ref,
        unresolved=unresolved,
        cause=row["cause"],
        detail=row["detail"],
        attempts=row["attempts"],
        since=row["since"],
    )


def standing(row: sqlite3.Row, *, taken: bool, ahead: int) -> Standing:
    """The row with its turn."""
    return Standing(
        ref=place(row)[0],
        unresolved=bool(row["unresolved"]),
        cause=row["cause"],
        detail=row["detail"],
        attempts=row["attempts"],
        since=row["since"],
        parked=bool(row["parked"]),
        due=row["due"],
        taken=taken,
        ahead=ahead,
    )


def hint(row: sqlite3.Row, requests: tuple[VaultRequest, ...] = ()) -> Hint:
    """The row as the one hint that all hints for it have become. ``requests`` are
    known beside it."""
    ref, unresolved = place(row)
    return Hint(
        ref=ref,
        lane=Lane(row["lane"]),
        unresolved=unresolved,
        version=row["version"],
        created_time=row["created_time"],
        look_twice=bool(row["look_twice"]),
        doubt=bool(row["doubt"]),
        not_before=row["due"],
        requests=requests,
    )
