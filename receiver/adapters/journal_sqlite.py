"""The journal on SQLite: what was applied, what people decided, and open gaps.

Entries may lose their last moments to a power cut: what is then unknown is proven
from AWS again. Decisions, deeds and gaps may not: they are acknowledged to a person
or to the forwarder, and no listing tells of them. Long walks read page by page, so
that nobody waits for them.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields

from receiver.adapters import journal_log
from receiver.adapters import journal_sql as sql
from receiver.adapters.state_file import StateFile
from receiver.core.state import Decision, Entry, SecretRef, State
from receiver.core.version_budget import DAY
from receiver.ports import Deed, Deletions, InvalidCursor, JournalUnavailable, KnownGap

_KEY = ("namespace", "mount", "path", "rule", "region", "name")
_FIELDS = tuple(field.name for field in fields(Entry) if field.name != "ref")
_PAGE_SIZE = 500

STATE_CORRUPT = "state_corrupt"


class SqliteJournal:
    """A Journal. Begins with a gap when the former state file was unreadable."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        with state.reading(or_raise=JournalUnavailable) as db:
            # SQLite's own lower() knows ASCII alone.
            db.create_function("casefold", 1, str.casefold, deterministic=True)
        if state.set_aside is not None:
            self.add_gap(("**",), STATE_CORRUPT, None)

    def known(self, ref: SecretRef) -> list[Entry]:
        """Every entry of the reference, ordered by place."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return [_entry(row) for row in db.execute(sql.KNOWN, _of(ref))]

    def record(
        self, entry: Entry, *, expected: Entry | None, made_version: bool = False
    ) -> bool:
        """Write ``entry`` if what stands there is still what ``expected`` says."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            row = db.execute(sql.FIND, _key(entry)).fetchone()
            standing = None if row is None else _entry(row)
            if _compared(standing) != _compared(expected):
                return False
            _write(db, entry, standing)
            if made_version and entry.applied_at is not None:
                of = _of(entry.ref) | {"rule": entry.rule}
                db.execute(sql.MADE, of | {"at": entry.applied_at})
                db.execute(sql.FORGET_MADE, of | {"since": entry.applied_at - DAY})
        return True

    def decide(
        self, entries: Sequence[Entry], decision: Decision | None, by: str
    ) -> None:
        """Write down a decision, or take it back; on disk when it returns."""
        made = {"decision": decision, "decided_by": by if decision else ""}
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            for entry in entries:
                there = db.execute(sql.DECIDE, _key(entry) | made).rowcount
                if decision is not None and not there:
                    _write(db, entry, None)
                    db.execute(sql.DECIDE, _key(entry) | made)

    def versions_made(self, ref: SecretRef, rule: str, since: float) -> list[float]:
        """When versions were made after ``since``."""
        of = _of(ref) | {"rule": rule, "since": since}
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return [row["at"] for row in db.execute(sql.MADE_SINCE, of)]

    def forget(self, entry: Entry) -> None:
        """Drop what stands under the entry's key, if anything does."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            db.execute(sql.FORGET, _key(entry))

    def entries(
        self, rule: str | None = None, *, state: State | None = None
    ) -> Iterator[Entry]:
        """All entries, or those of a rule or in a state, in order of their key."""
        after: str | None = None
        while True:
            page, after = self.page(
                state=state, rule=rule, text=None, after=after, limit=_PAGE_SIZE
            )
            yield from page
            if after is None:
                return

    def named(self, region: str, name: str) -> list[Entry]:
        """Every entry with this Region and name, in order of its key."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return [_entry(row) for row in db.execute(sql.NAMED, (region, name))]

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
        statement = sql.page(
            rule=rule is not None, state=state is not None, text=text is not None
        )
        wanted = {"state": state, "rule": rule, "text": text, "limit": limit + 1}
        start = [""] * len(_KEY) if after is None else _read_cursor(after)
        position = {f"after_{name}": at for name, at in zip(_KEY, start, strict=True)}
        with self._state.reading(or_raise=JournalUnavailable) as db:
            rows = db.execute(statement, wanted | position).fetchall()
        entries = [_entry(row) for row in rows[:limit]]
        return entries, _cursor(entries[-1]) if len(rows) > limit else None

    def counts(self) -> dict[tuple[str, State], int]:
        """Entries by rule and state."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            rows = db.execute(sql.COUNTS).fetchall()
        return {(rule, State(state)): count for rule, state, count in rows}

    def deleting(self, ref: SecretRef, rule: str, at: float) -> None:
        """A delete is about to be made."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            journal_log.deleting(db, ref, rule, at)

    def deletions(self, rule: str, since: float) -> Deletions:
        """The rule's deletes after ``since``."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return journal_log.deletions(db, rule, since)

    def accept_deletions(self, rule: str) -> None:
        """Count the rule's deletes anew."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            db.execute(sql.ACCEPT_DELETIONS, (rule,))

    def add_deed(self, deed: Deed) -> None:
        """Write down what somebody ordered; on disk when it returns."""
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            journal_log.add_deed(db, deed)

    def deeds(self, *, before: int | None, limit: int) -> list[Deed]:
        """One page of deeds, the newest first."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return journal_log.deeds(db, before, limit)

    def add_gap(self, mounts: Sequence[str], reason: str, since: str | None) -> None:
        """Remember a gap; on disk when it returns."""
        with self._state.acknowledged(or_raise=JournalUnavailable) as db:
            journal_log.add_gap(db, mounts, reason, since)

    def gaps(self) -> list[KnownGap]:
        """All gaps not yet cleared, oldest first."""
        with self._state.reading(or_raise=JournalUnavailable) as db:
            return journal_log.gaps(db)

    def clear_gaps(self, numbers: Collection[int]) -> None:
        """A comparison that began after these were added succeeded."""
        with self._state.repeatable(or_raise=JournalUnavailable) as db:
            journal_log.clear_gaps(db, numbers)


def _of(ref: SecretRef) -> dict[str, object]:
    return {"namespace": ref.namespace, "mount": ref.mount, "path": ref.path}


def _key(entry: Entry) -> dict[str, object]:
    place = {"rule": entry.rule, "region": entry.region, "name": entry.name}
    return _of(entry.ref) | place


def _write(db: sqlite3.Connection, entry: Entry, standing: Entry | None) -> None:
    values = {name: getattr(entry, name) for name in _FIELDS}
    stays = standing is not None and standing.state is entry.state
    since = standing.state_since if standing and stays else entry.checked_at
    db.execute(sql.WRITE, _of(entry.ref) | values | {"state_since": since})


def _entry(row: sqlite3.Row) -> Entry:
    values = {name: row[name] for name in _FIELDS}
    values["state"] = State(values["state"])
    if values["decision"] is not None:
        values["decision"] = Decision(values["decision"])
    ref = SecretRef(row["namespace"], row["mount"], row["path"])
    return Entry(ref=ref, **values)


def _compared(entry: Entry | None) -> tuple[object, ...] | None:
    """What nobody may have changed between a look and a write."""
    if entry is None:
        return None
    return entry.created_time, entry.version, entry.decision


def _cursor(entry: Entry) -> str:
    key = [entry.ref.namespace, entry.ref.mount, entry.ref.path, *entry.place]
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_cursor(text: str) -> list[str]:
    try:
        key = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        # What is no text, or half a character, SQLite would refuse much later.
        "".join(key).encode()
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise InvalidCursor("no cursor of ours") from error
    if not isinstance(key, list) or len(key) != len(_KEY):
        raise InvalidCursor("no cursor of ours")
    return key
