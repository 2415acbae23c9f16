"""The pauses that stand, in the state file, so that no restart ends one.

One at a time for a rule, and one for all rules; a new one takes the place of the old.
On disk when a call returns: somebody relies on it that nothing is written any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from receiver.adapters.state_file import StateFile
from receiver.core.pause import Pause
from receiver.ports import JournalUnavailable

SCHEMA = """
CREATE TABLE IF NOT EXISTS pause (
  rule   TEXT PRIMARY KEY,  -- empty: all rules
  reason TEXT NOT NULL,
  "by"   TEXT NOT NULL,     -- the name of a token
  since  REAL NOT NULL,
  until  REAL NOT NULL
) WITHOUT ROWID;
"""

_KEEP = """
INSERT OR REPLACE INTO pause (rule, reason, "by", since, until)
VALUES (:rule, :reason, :by, :since, :until)
"""
_DROP = "DELETE FROM pause WHERE rule = ?"
_ALL = "SELECT * FROM pause ORDER BY rule"


class SqlitePauses:
    """Pauses by rule. Raises JournalUnavailable."""

    def __init__(self, state: StateFile) -> None:
        self._state = state

    def all(self) -> list[Pause]:
        """Every one that was not dropped, whether or not its time is over."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return [_pause(row) for row in db.execute(_ALL)]

    def keep(self, pause: Pause) -> None:
        """In the place of an earlier one for the same rule."""
        row = {
            "rule": pause.rule or "",
            "reason": pause.reason,
            "by": pause.by,
            "since": pause.since,
            "until": pause.until,
        }
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            db.execute(_KEEP, row)

    def drop(self, rules: Iterable[str | None]) -> None:
        """Those for ``rules``; None names the one for all rules."""
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            db.executemany(_DROP, [(rule or "",) for rule in rules])


def _pause(row: sqlite3.Row) -> Pause:
    values = dict(row)
    return Pause(**values | {"rule": values["rule"] or None})
