"""The journal on SQLite: what was applied, and which gaps are still open.

Entries may lose their last moments to a power cut: what is then unknown is proven
from AWS again. Gaps may not: they are acknowledged to the forwarder. A gap that
merges into an older one gets a new number, so that a comparison that began before it
cannot clear it.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields

from receiver.adapters.state_file import StateFile
from receiver.core.state import Entry, SecretRef, State
from receiver.core.times import nanoseconds
from receiver.core.version_budget import DAY
from receiver.ports import InvalidCursor, JournalUnavailable, KnownGap

SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (
  namespace     TEXT NOT NULL,
  mount         TEXT NOT NULL,
  path          TEXT NOT NULL,
  rule          TEXT NOT NULL,
  name          TEXT NOT NULL,
  state         TEXT NOT NULL,
  cause         TEXT,
  arn           TEXT,
  version       INTEGER,
  created_time  TEXT,
  deletion_time TEXT,
  version_id    TEXT,
  applied_at    REAL,
  checked_at    REAL NOT NULL,
  lag           REAL,
  PRIMARY KEY (namespace, mount, path, rule)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS secret_by_rule ON secret (rule, state);
CREATE TABLE IF NOT EXISTS made (
  namespace TEXT NOT NULL,
  mount     TEXT NOT NULL,
  path      TEXT NOT NULL,
  rule      TEXT NOT NULL,
  at        REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS made_of ON made (namespace, mount, path, rule, at);
CREATE TABLE IF NOT EXISTS gap (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  mounts TEXT NOT NULL,  -- a JSON array
  reason TEXT NOT NULL,
  since  TEXT,           -- RFC 3339; null: nobody knows
  UNIQUE (mounts, reason)
);
"""

_GET = """
SELECT * FROM secret
WHERE namespace = :namespace AND mount = :mount AND path = :path AND rule = :rule
"""
_WRITE = """
INSERT OR REPLACE INTO secret (
  namespace, mount, path, rule, name, state, cause, arn, version, created_time,
  deletion_time, version_id, applied_at, checked_at, lag
) VALUES (
  :namespace, :mount, :path, :rule, :name, :state, :cause, :arn, :version,
  :created_time, :deletion_time, :version_id, :applied_at, :checked_at, :lag
)
"""
_FORGET = """
DELETE FROM secret
WHERE namespace = :namespace AND mount = :mount AND path = :path AND rule = :rule
"""
_PAGE = """
SELECT * FROM secret
WHERE (:rule IS NULL OR rule = :rule)
  AND (:state IS NULL OR state = :state)
  AND (:text IS NULL OR instr(
    lower(ltrim(namespace || '/' || mount || '/' || path, '/') || ' ' || name),
    lower(:text)))
  AND (namespace, mount, path, rule)
    > (:after_namespace, :after_mount, :after_path, :after_rule)
ORDER BY namespace, mount, path, rule LIMIT :limit
"""
_COUNTS = "SELECT rule, state, count(*) FROM secret GROUP BY rule, state"
_MADE = """
INSERT INTO made (namespace, mount, path, rule, at)
VALUES (:namespace, :mount, :path, :rule, :at)
"""
_MADE_SINCE = """
SELECT at FROM made WHERE namespace = :namespace AND mount = :mount
  AND path = :path AND rule = :rule AND at > :since
"""
_FORGET_MADE = """
DELETE FROM made WHERE namespace = :namespace AND mount = :mount
  AND path = :path AND rule = :rule AND at <= :since
"""
_SAME_GAP = "SELECT since FROM gap WHERE mounts = ? AND reason = ?"
_DROP_SAME_GAP = "DELETE FROM gap WHERE mounts = ? AND reason = ?"
_ADD_GAP = "INSERT INTO gap (mounts, reason, since) VALUES (?, ?, ?)"
_GAPS = "SELECT * FROM gap ORDER BY number"
_CLEAR_GAP = "DELETE FROM gap WHERE number = ?"

_REF = ("namespace", "mount", "path")
_FIELDS = tuple(field.name for field in fields(Entry) if field.name != "ref")
_PAGE_SIZE = 500
_START = ("", "", "", "")

STATE_CORRUPT = "state_corrupt"


class SqliteJournal:
    """A Journal. Begins with a gap when the former state file was unreadable."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        if state.set_aside is not None:
            self.add_gap(("**",), STATE_CORRUPT, None)

    def get(self, ref: SecretRef, rule: str) -> Entry | None:
        """What is known, or None."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            row = db.execute(_GET, _key(ref, rule)).fetchone()
        return None if row is None else _entry(row)

    def record(
        self, entry: Entry, *, expected: Entry | None, made_version: bool = False
    ) -> bool:
        """Write ``entry`` if what was applied is still what ``expected`` says."""
        key = _key(entry.ref, entry.rule)
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            row = db.execute(_GET, key).fetchone()
            if _applied(None if row is None else _entry(row)) != _applied(expected):
                return False
            values = {name: getattr(entry, name) for name in _FIELDS}
            db.execute(_WRITE, key | values)
            if made_version and entry.applied_at is not None:
                db.execute(_MADE, key | {"at": entry.applied_at})
                db.execute(_FORGET_MADE, key | {"since": entry.applied_at - DAY})
        return True

    def versions_made(self, ref: SecretRef, rule: str, since: float) -> list[float]:
        """When versions were made after ``since``."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            rows = db.execute(_MADE_SINCE, _key(ref, rule) | {"since": since})
            return [row["at"] for row in rows]

    def forget(self, ref: SecretRef, rule: str) -> None:
        """Drop the entry, if there is one."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            db.execute(_FORGET, _key(ref, rule))

    def entries(self, rule: str) -> Iterator[Entry]:
        """All entries of a rule in order, read in pages, so that writers go on."""
        after: str | None = None
        while True:
            page, after = self.page(
                state=None, rule=rule, text=None, after=after, limit=_PAGE_SIZE
            )
            yield from page
            if after is None:
                return

    def page(
        self,
        *,
        state: State | None,
        rule: str | None,
        text: str | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[Entry], str | None]:
        """One page in order, and the cursor of the next or None."""
        wanted = {"state": state, "rule": rule, "text": text, "limit": limit + 1}
        start = _START if after is None else _read_cursor(after)
        names = ("after_namespace", "after_mount", "after_path", "after_rule")
        with self._state.reading(or_raise=JournalUnavailable) as db:
            position = dict(zip(names, start, strict=True))
            rows = db.execute(_PAGE, wanted | position).fetchall()
        entries = [_entry(row) for row in rows[:limit]]
        return entries, _cursor(entries[-1]) if len(rows) > limit else None

    def counts(self) -> dict[tuple[str, State], int]:
        """Entries by rule and state."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            rows = db.execute(_COUNTS).fetchall()
        return {(rule, State(state)): count for rule, state, count in rows}

    def add_gap(self, mounts: Sequence[str], reason: str, since: str | None) -> None:
        """Remember a gap; on disk when it returns."""
        same = (json.dumps(sorted(set(mounts))), reason)
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            row = db.execute(_SAME_GAP, same).fetchone()
            if row is not None:
                since = _earlier(since, row["since"])
                db.execute(_DROP_SAME_GAP, same)
            db.execute(_ADD_GAP, (*same, since))

    def gaps(self) -> list[KnownGap]:
        """All gaps not yet cleared, oldest first."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            rows = db.execute(_GAPS).fetchall()
        return [
            KnownGap(
                number=row["number"],
                mounts=tuple(json.loads(row["mounts"])),
                reason=row["reason"],
                since=row["since"],
            )
            for row in rows
        ]

    def clear_gaps(self, numbers: Collection[int]) -> None:
        """A comparison that began after these were added succeeded."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            db.executemany(_CLEAR_GAP, [(number,) for number in numbers])


def _key(ref: SecretRef, rule: str) -> dict[str, object]:
    return {
        "namespace": ref.namespace,
        "mount": ref.mount,
        "path": ref.path,
        "rule": rule,
    }


def _entry(row: sqlite3.Row) -> Entry:
    values = {name: row[name] for name in _FIELDS}
    values["state"] = State(values["state"])
    return Entry(ref=SecretRef(*(row[name] for name in _REF)), **values)


def _applied(entry: Entry | None) -> tuple[str | None, int | None] | None:
    return None if entry is None else (entry.created_time, entry.version)


def _earlier(one: str | None, other: str | None) -> str | None:
    """The earlier time; an unknown one could be earlier than any."""
    if one is None or other is None:
        return None
    return min(one, other, key=nanoseconds)


def _cursor(entry: Entry) -> str:
    place = [entry.ref.namespace, entry.ref.mount, entry.ref.path, entry.rule]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_cursor(text: str) -> tuple[str, ...]:
    try:
        place = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        valid = len(place) == len(_START) and all(isinstance(x, str) for x in place)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise InvalidCursor("no cursor of ours") from error
    if not valid:
        raise InvalidCursor("no cursor of ours")
    return tuple(place)
