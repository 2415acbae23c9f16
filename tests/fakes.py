"""Stand-ins with behaviour for the ports, for tests that need no disk or network.

Those of the queue and the journal pass the same conformance suites as the real ones.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from receiver.core.causes import Cause, Permanent, ReplicationError
from receiver.core.hints import merge
from receiver.core.rules import matches
from receiver.core.state import (
    Entry,
    Gone,
    Hint,
    Lane,
    Mount,
    SecretRef,
    State,
    Truth,
    Value,
    Work,
)
from receiver.core.times import nanoseconds
from receiver.ports import Backlog, InvalidCursor, KnownGap, QueueUnavailable


class Clock:
    """The real clocks, moved by what a test says."""

    def __init__(self) -> None:
        self._wall = self._steady = 0.0

    def now(self) -> float:
        return time.time() + self._wall

    def steady(self) -> float:
        return time.monotonic() + self._steady

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._wall += seconds
        self._steady += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._wall += seconds


@dataclass
class _Item:
    hint: Hint
    sequence: int
    due: float
    since: float
    attempts: int = 0
    cause: str = ""
    parked: bool = False
    next: Hint | None = None
    lease: Work | None = None
    lease_ends: float = 0.0


class FakeQueue:
    """A WorkQueue in memory. ``full`` makes ``add`` refuse."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.full = False
        self._now, self._steady = now, steady
        self._items: dict[tuple[SecretRef, bool], _Item] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._sequence = 0

    @property
    def hints(self) -> list[Hint]:
        """All that is queued, parked and leased work too, in order of reference."""
        with self._changed:
            return [self._items[key].hint for key in sorted(self._items)]

    def add(self, hints: Sequence[Hint]) -> None:
        with self._changed:
            if self._closed or (self.full and hints):
                raise QueueUnavailable("the queue takes nothing")
            for hint in hints:
                self._merge(hint)
            self._changed.notify_all()

    def _merge(self, hint: Hint) -> None:
        due = max(hint.not_before, self._now())
        key = (hint.ref, hint.unresolved)
        self._sequence += 1
        old = self._items.get(key)
        new = _Item(hint, self._sequence, due=due, since=due)
        if old is not None:
            new.hint = merge(old.hint, hint)
            if self._leased(old):
                timed = replace(hint, not_before=due)
                new.next = merge(old.next, timed) if old.next else timed
                new.due, new.since = old.due, old.since
                new.lease, new.lease_ends = old.lease, old.lease_ends
            elif not old.parked:
                new.due, new.since = min(due, old.due), min(due, old.since)
        self._items[key] = new

    def take(
        self, lanes: Collection[Lane], *, lease: float, timeout: float | None
    ) -> Work | None:
        deadline = None if timeout is None else self._steady() + timeout
        with self._changed:
            while not self._closed:
                free = [item for item in self._free() if item.hint.lane in lanes]
                due = [item for item in free if item.due <= self._now()]
                if due:
                    best = min(due, key=lambda i: (i.hint.lane, i.due, i.sequence))
                    return self._lease(best, lease)
                left = 60.0 if deadline is None else deadline - self._steady()
                if left <= 0:
                    return None
                soon = [item.due - self._now() for item in free]
                soon += [
                    i.lease_ends - self._steady()
                    for i in self._items.values()
                    if i.lease
                ]
                self._changed.wait(max(0.0, min([left, *soon])))
        return None

    def _free(self) -> list[_Item]:
        items = self._items.values()
        return [item for item in items if not item.parked and not self._leased(item)]

    def _lease(self, item: _Item, seconds: float) -> Work:
        item.lease = Work(
            hint=replace(item.hint, not_before=item.due),
            sequence=item.sequence,
            attempts=item.attempts,
            since=item.since,
            lease_until=self._now() + seconds,
        )
        item.lease_ends = self._steady() + seconds
        return item.lease

    def _leased(self, item: _Item) -> bool:
        if item.lease is not None and item.lease_ends <= self._steady():
            item.lease = None
        return item.lease is not None

    def _held(self, work: Work) -> _Item | None:
        item = self._items.get((work.hint.ref, work.hint.unresolved))
        held = item is not None and self._leased(item) and item.lease == work
        return item if held else None

    def _give_back(self, item: _Item, due: float) -> None:
        item.due, item.next, item.lease = due, None, None
        self._changed.notify_all()

    def _next_round(self, item: _Item, hint: Hint) -> None:
        kept = {"lane": hint.lane, "look_twice": hint.look_twice}
        item.hint = replace(item.hint, **kept)
        item.since = hint.not_before
        self._give_back(item, hint.not_before)

    def done(self, work: Work) -> bool:
        with self._changed:
            item = self._held(work)
            if item is None:
                return False
            if item.next is not None:
                self._next_round(item, item.next)
                return False
            del self._items[work.hint.ref, work.hint.unresolved]
            return True

    def retry(self, work: Work, *, delay: float, cause: str, detail: str) -> None:
        with self._changed:
            if item := self._held(work):
                now = self._now()
                due = min(now + delay, item.next.not_before if item.next else inf)
                overtaken = item.next is not None and due <= now
                item.attempts = 0 if overtaken else work.attempts + 1
                item.cause = cause
                self._give_back(item, due)

    def park(self, work: Work, *, cause: str, detail: str) -> None:
        with self._changed:
            if item := self._held(work):
                if item.next is not None:
                    self._next_round(item, item.next)
                else:
                    item.parked, item.cause = True, cause
                    self._give_back(item, item.due)

    def unpark(self) -> int:
        with self._changed:
            parked = [item for item in self._items.values() if item.parked]
            for item in parked:
                item.hint = replace(item.hint, lane=Lane.RECONCILE)
                item.parked, item.attempts = False, 0
                item.due = item.since = self._now()
            self._changed.notify_all()
            return len(parked)

    def _waiting(self) -> list[_Item]:
        items, now = self._items.values(), self._now()
        return [i for i in items if not i.parked and (i.due <= now or i.attempts)]

    def pending(self, ref: SecretRef) -> str | None:
        with self._changed:
            for item in self._waiting():
                if item.hint.ref == ref and not item.hint.unresolved:
                    return item.cause
        return None

    def backlog(self) -> Backlog:
        with self._changed:
            waiting = self._waiting()
            parked = Counter(i.cause for i in self._items.values() if i.parked)
            return Backlog(
                pending=len(waiting),
                oldest=min((item.since for item in waiting), default=None),
                parked=dict(parked),
            )

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class FakeJournal:
    """A Journal in memory."""

    def __init__(self) -> None:
        self._entries: dict[tuple[SecretRef, str], Entry] = {}
        self._gaps: dict[tuple[tuple[str, ...], str], KnownGap] = {}
        self._made: list[tuple[SecretRef, str, float]] = []
        self._numbers = 0

    def get(self, ref: SecretRef, rule: str) -> Entry | None:
        return self._entries.get((ref, rule))

    def record(
        self, entry: Entry, *, expected: Entry | None, made_version: bool = False
    ) -> bool:
        known = self.get(entry.ref, entry.rule)
        if _applied(known) != _applied(expected):
            return False
        self._entries[entry.ref, entry.rule] = entry
        if made_version and entry.applied_at is not None:
            self._made.append((entry.ref, entry.rule, entry.applied_at))
        return True

    def versions_made(self, ref: SecretRef, rule: str, since: float) -> list[float]:
        return [at for *of, at in self._made if of == [ref, rule] and at > since]

    def forget(self, ref: SecretRef, rule: str) -> None:
        self._entries.pop((ref, rule), None)

    def entries(self, rule: str) -> Iterator[Entry]:
        known = sorted(self._entries)
        return (self._entries[key] for key in known if key[1] == rule)

    def page(
        self,
        *,
        state: State | None,
        rule: str | None,
        text: str | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[Entry], str | None]:
        places = {repr(key): key for key in self._entries}
        if after is not None and after not in places:
            raise InvalidCursor("no cursor of ours")
        wanted = [
            entry
            for key, entry in sorted(self._entries.items(), key=lambda item: item[0])
            if (state is None or entry.state == state)
            and (rule is None or entry.rule == rule)
            and (text is None or text.lower() in f"{entry.ref} {entry.name}".lower())
            and (after is None or key > places[after])
        ]
        more = len(wanted) > limit
        page = wanted[:limit]
        return page, repr((page[-1].ref, page[-1].rule)) if more else None

    def counts(self) -> dict[tuple[str, State], int]:
        return dict(Counter((e.rule, e.state) for e in self._entries.values()))

    def add_gap(self, mounts: Sequence[str], reason: str, since: str | None) -> None:
        key = (tuple(sorted(set(mounts))), reason)
        if known := self._gaps.pop(key, None):
            both = since is not None and known.since is not None
            since = min(since, known.since, key=nanoseconds) if both else None
        self._numbers += 1
        self._gaps[key] = KnownGap(
            number=self._numbers, mounts=key[0], reason=reason, since=since
        )

    def gaps(self) -> list[KnownGap]:
        return list(self._gaps.values())

    def clear_gaps(self, numbers: Collection[int]) -> None:
        kept = {k: gap for k, gap in self._gaps.items() if gap.number not in numbers}
        self._gaps = kept


def _applied(entry: Entry | None) -> object:
    return None if entry is None else (entry.created_time, entry.version)


class FakeSource:
    """A Vault in memory. ``failure`` is raised by every call that would ask Vault;
    ``asked`` counts those calls."""

    def __init__(self, *mounts: Mount, cached: bool = True) -> None:
        self.failure: ReplicationError | None = None
        self.asked = 0
        self.secrets: dict[SecretRef, Truth] = {}
        self._mounts = {(mount.namespace, mount.path): mount for mount in mounts}
        self._cache = dict(self._mounts) if cached else {}

    def mount(self, namespace: str, path: str, *, fresh: bool = False) -> Mount:
        if not fresh and (known := self.cached_mount(namespace, path)):
            return known
        self._ask()
        found = self._mounts.get((namespace, path))
        if found is None:
            raise Permanent(Cause.MOUNT_UNKNOWN, "there is no such KV mount")
        self._cache[namespace, path] = found
        return found

    def cached_mount(self, namespace: str, path: str) -> Mount | None:
        return self._cache.get((namespace, path))

    def read(self, ref: SecretRef) -> Truth:
        self._ask()
        self.mount(ref.namespace, ref.mount)
        return self.secrets.get(ref, Gone())

    def confirm(self, ref: SecretRef, truth: Truth) -> bool:
        return self.read(ref) == truth

    def versions(self, namespace: str, mount: str) -> Iterator[tuple[SecretRef, Truth]]:
        self._ask()
        for ref, truth in sorted(self.secrets.items(), key=lambda item: item[0]):
            if (ref.namespace, ref.mount) == (namespace, mount):
                bare = isinstance(truth, Value) and truth.version is not None
                yield ref, replace(truth, body="") if bare else truth

    def namespaces(self, glob: str) -> list[str]:
        self._ask()
        known = sorted({mount.namespace for mount in self._mounts.values()})
        return [namespace for namespace in known if matches(glob, namespace)]

    def mounts(self, namespace: str) -> list[Mount]:
        self._ask()
        return [m for m in self._mounts.values() if m.namespace == namespace]

    def _ask(self) -> None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
