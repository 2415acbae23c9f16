"""The plans that people have seen, so that exactly one of them can be carried out.

A plan is a JSON document of references and kinds of action, without any value. It
lives for a day: after that too much has changed for anybody's word on it to hold. A
power cut may lose the newest; then it is made again.
"""

from __future__ import annotations

from collections.abc import Callable

from receiver.adapters.state_file import StateFile
from receiver.ports import JournalUnavailable

SCHEMA = """
CREATE TABLE IF NOT EXISTS plan (
  id       TEXT PRIMARY KEY,
  at       REAL NOT NULL,
  document TEXT NOT NULL
) WITHOUT ROWID;
"""

_KEEP = """
INSERT INTO plan (id, at, document) VALUES (:id, :now, :document)
ON CONFLICT (id) DO UPDATE SET at = :now, document = :document
"""
_FORGET = "DELETE FROM plan WHERE at <= :until"
#: Two are enough to see that a prefix is not unique; the exact id comes first.
_FIND = """
SELECT id, document FROM plan
WHERE at > :until AND substr(id, 1, length(:prefix)) = :prefix
ORDER BY length(id) LIMIT 2
"""

_LIFE = 86_400.0  # seconds
_SHORTEST_PREFIX = 6


class SqlitePlans:
    """Plans by id. ``now`` gives epoch seconds. Raises JournalUnavailable."""

    def __init__(self, state: StateFile, now: Callable[[], float]) -> None:
        self._state = state
        self._now = now

    def keep(self, plan_id: str, document: str) -> None:
        """Keep a plan for a day from now, and forget those whose day is over."""
        now = self._now()
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            db.execute(_KEEP, {"id": plan_id, "now": now, "document": document})
            db.execute(_FORGET, {"until": now - _LIFE})

    def find(self, plan_id: str) -> str | None:
        """The document of the plan with this id, or with the only id that begins with
        these six or more characters. None: there is none, or more than one."""
        wanted = {"prefix": plan_id, "until": self._now() - _LIFE}
        with self._state.reading(or_raise=JournalUnavailable) as db:
            found = db.execute(_FIND, wanted).fetchall()
        if found and found[0]["id"] == plan_id:
            return str(found[0]["document"])
        if len(found) != 1 or len(plan_id) < _SHORTEST_PREFIX:
            return None
        return str(found[0]["document"])
