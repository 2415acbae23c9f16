"""A journal in memory; it passes the same conformance suite as the real one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeAlias

from receiver.core.state import Decision, Entry, SecretRef, State
from receiver.core.times import nanoseconds
from receiver.core.version_budget import DAY
from receiver.ports import Deed, Deletions, InvalidCursor, KnownGap

_Key: TypeAlias = tuple[SecretRef, tuple[str, str, str]]


class FakeJournal:
    """A Journal in memory."""

    def __init__(self) -> None:
        self._entries: dict[_Key, Entry] = {}
        self._made: list[tuple[SecretRef, str, float]] = []
        self._deleting: dict[tuple[str, SecretRef], float] = {}
        self._deeds: list[Deed] = []
        self._gaps: dict[tuple[tuple[str, ...], str], KnownGap] = {}
        self._numbers = count(1)

    def known(self, ref: SecretRef) -> list[Entry]:
        keys = sorted(key for key in self._entries if key[0] == ref)
        return [self._entries[key] for key in keys]

    def record(
        self, entry: Entry, *, expected: Entry | None, made_version: bool = False
    ) -> bool:
        if _compared(self._entries.get(_key(entry))) != _compared(expected):
            return False
        self._write(entry)
        if made_version and entry.applied_at is not None:
            self._made.append((entry.ref, entry.rule, entry.applied_at))
        return True

    def _write(self, entry: Entry) -> None:
        old = self._entries.get(_key(entry))
        stays = old is not None and old.state is entry.state
        since = old.state_since if old and stays else entry.checked_at
        self._entries[_key(entry)] = replace(entry, state_since=since)

    def decide(
        self, entries: Sequence[Entry], decision: Decision | None, by: str
    ) -> None:
        made = {"decision": decision, "decided_by": by if decision else ""}
        for entry in entries:
            if decision is not None and _key(entry) not in self._entries:
                self._write(entry)
            if standing := self._entries.get(_key(entry)):
                self._entries[_key(entry)] = replace(standing, **made)

    def versions_made(self, ref: SecretRef, rule: str, since: float) -> list[float]:
        return [at for *of, at in self._made if of == [ref, rule] and at > since]

    def forget(self, entry: Entry) -> None:
        self._entries.pop(_key(entry), None)

    def entries(
        self, rule: str | None = None, *, state: State | None = None
    ) -> Iterator[Entry]:
        return iter(
            [
                self._entries[key]
                for key in sorted(self._entries)
                if rule is None or self._entries[key].rule == rule
                if state is None or self._entries[key].state is state
            ]
        )

    def named(self, region: str, name: str) -> list[Entry]:
        place = (region, name)
        return [entry for entry in self.entries() if entry.place[1:] == place]

    def page(
        self,
        *,
        state: State | None,
        rule: str | None,
        text: str | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[Entry], str | None]:
        start = None if after is None else _read_cursor(after)
        wanted = [
            entry
            for entry in self.entries(rule, state=state)
            if text is None or text.casefold() in f"{entry.ref} {entry.name}".casefold()
            if start is None or _key(entry) > start
        ]
        page = wanted[:limit]
        return page, json.dumps(_key_texts(page[-1])) if len(wanted) > limit else None

    def counts(self) -> dict[tuple[str, State], int]:
        return dict(Counter((e.rule, e.state) for e in self._entries.values()))

    def deleting(self, ref: SecretRef, rule: str, at: float) -> None:
        self._deleting[rule, ref] = at
        for key, earlier in list(self._deleting.items()):
            if key[0] == rule and earlier <= at - DAY:
                del self._deleting[key]

    def deletions(self, rule: str, since: float) -> Deletions:
        late = [key for key, at in self._deleting.items() if at > since]
        made = {ref for name, ref in late if name == rule}
        entries = list(self.entries(rule))
        ended = (State.DELETING, State.ORPHANED)
        live = [e.ref for e in entries if e.arn is not None and e.state not in ended]
        held = sum((e.state, e.cause) == (State.HELD, "BRAKE") for e in entries)
        population = len(live) + len(made - set(live))
        return Deletions(made=len(made), population=population, held=held)

    def accept_deletions(self, rule: str) -> None:
        kept = {key: at for key, at in self._deleting.items() if key[0] != rule}
        self._deleting = kept

    def add_deed(self, deed: Deed) -> None:
        self._deeds.insert(0, replace(deed, number=len(self._deeds) + 1))

    def deeds(self, *, before: int | None, limit: int) -> list[Deed]:
        older = [d for d in self._deeds if before is None or d.number < before]
        return older[:limit]

    def add_gap(self, mounts: Sequence[str], reason: str, since: str | None) -> None:
        key = (tuple(sorted(set(mounts))), reason)
        if known := self._gaps.pop(key, None):
            both = since is not None and known.since is not None
            since = min(since, known.since, key=nanoseconds) if both else None
        self._gaps[key] = KnownGap(
            number=next(self._numbers), mounts=key[0], reason=reason, since=since
        )

    def gaps(self) -> list[KnownGap]:
        return list(self._gaps.values())

    def clear_gaps(self, numbers: Collection[int]) -> None:
        kept = {k: gap for k, gap in self._gaps.items() if gap.number not in numbers}
        self._gaps = kept


def _key(entry: Entry) -> _Key:
    return entry.ref, entry.place


def _key_texts(entry: Entry) -> list[str]:
    return [entry.ref.namespace, entry.ref.mount, entry.ref.path, *entry.place]


def _read_cursor(text: str) -> _Key:
    try:
        namespace, mount, path, rule, region, name = json.loads(text)
    except (ValueError, TypeError) as error:
        raise InvalidCursor("no cursor of ours") from error
    return SecretRef(namespace, mount, path), (rule, region, name)


def _compared(entry: Entry | None) -> object:
    return entry and (entry.created_time, entry.version, entry.decision)
