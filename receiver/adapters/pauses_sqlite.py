"""The pauses that stand, in the state file, so that no restart ends one.

One at a time about the same; a new one takes the place of the old.
On disk when a call returns: somebody relies on it that nothing is written any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from receiver.adapters.state_file import StateFile
from receiver.core.pause import Pause, Subject
from receiver.core.state import SecretRef
from receiver.ports import JournalUnavailable

SCHEMA = """
CREATE TABLE IF NOT EXISTS pause (
  rule      TEXT NOT NULL,  -- empty: all rules
  namespace TEXT NOT NULL,
  mount     TEXT NOT NULL,
  path      TEXT NOT NULL,  -- empty: every secret
  reason    TEXT NOT NULL,
  "by"      TEXT NOT NULL,  -- the name of a token
  since     REAL NOT NULL,
  until     REAL NOT NULL,
  PRIMARY KEY (rule, namespace, mount, path)
) WITHOUT ROWID;
"""

_KEEP = """
INSERT OR REPLACE INTO pause
VALUES (:rule, :namespace, :mount, :path, :reason, :by, :since, :until)
"""
_DROP = """
DELETE FROM pause
WHERE rule = :rule AND namespace = :namespace AND mount = :mount AND path = :path
"""
_ALL = "SELECT * FROM pause ORDER BY rule, namespace, mount, path"


class SqlitePauses:
    """Pauses by what they are about. Raises JournalUnavailable."""

    def __init__(self, state: StateFile) -> None:
        self._state = state

    def all(self) -> list[Pause]:
        """Every one that was not dropped, whether or not its time is over."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return [_pause(row) for row in db.execute(_ALL)]

    def keep(self, pause: Pause) -> None:
        """In the place of an earlier one about the same."""
        row = _key(pause.subject) | {
            "reason": pause.reason,
            "by": pause.by,
            "since": pause.since,
            "until": pause.until,
        }
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            db.execute(_KEEP, row)

    def drop(self, subjects: Iterable[Subject]) -> None:
        """Those that are about just these."""
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            db.executemany(_DROP, [_key(subject) for subject in subjects])


def _key(subject: Subject) -> dict[str, Any]:
    rule, ref = subject
    place = (ref.namespace, ref.mount, ref.path) if ref else ("", "", "")
    names = ("rule", "namespace", "mount", "path")
    return dict(zip(names, (rule or "", *place), strict=True))


def _pause(row: sqlite3.Row) -> Pause:
    path = row["path"]
    return Pause(
        rule=row["rule"] or None,
        ref=SecretRef(row["namespace"], row["mount"], path) if path else None,
        reason=row["reason"],
        by=row["by"],
        since=row["since"],
        until=row["until"],
    )
