"""Stand-ins with behaviour for the ports, for tests that need no disk or network.

Those of the queue and the journal pass the same conformance suites as the real ones.
The journal's is in ``fake_journal``.
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
    Gone,
    Hint,
    Lane,
    Mount,
    SecretRef,
    Truth,
    Value,
    Work,
)
from receiver.ports import Backlog, QueueKey, QueueUnavailable, Standing, Waiting
from tests.fake_journal import FakeJournal

__all__ = ["Clock", "FakeJournal", "FakeQueue", "FakeSource"]


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
    detail: str = ""
    parked: bool = False
    next: Hint | None = None
    lease: Work | None = None
    lease_ends: float = 0.0


class FakeQueue:
    """A WorkQueue in memory. ``full`` makes ``add`` refuse, ``unreadable``
    makes ``backlog``."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.full = self.unreadable = False
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
        item.lease_ends = self._steady() + seconds
        item.lease = Work(
            hint=replace(item.hint, not_before=item.due),
            sequence=item.sequence,
            attempts=item.attempts,
            since=item.since,
            lease_until=item.lease_ends,
        )
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
        item.hint = hint
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
                item.cause, item.detail = cause, detail
                self._give_back(item, due)

    def park(self, work: Work, *, cause: str, detail: str) -> None:
        with self._changed:
            if item := self._held(work):
                if item.next is not None:
                    self._next_round(item, item.next)
                else:
                    item.parked, item.cause, item.detail = True, cause, detail
                    self._give_back(item, item.due)

    def unpark(self, causes: Collection[str] | None = None) -> int:
        with self._changed:
            parked = [item for item in self._items.values() if item.parked]
            if causes is not None:
                parked = [item for item in parked if item.cause in causes]
            for item in parked:
                item.hint = replace(item.hint, lane=Lane.RECONCILE)
                item.parked, item.attempts = False, 0
                item.due = item.since = self._now()
            self._changed.notify_all()
            return len(parked)

    def hasten(self, causes: Collection[str]) -> int:
        with self._changed:
            items = self._items.values()
            late = [i for i in items if not i.parked and i.cause in causes]
            for item in late:
                item.due, item.attempts = self._now(), 0
                item.cause = item.detail = ""
            self._changed.notify_all()
            return len(late)

    def _waiting(self) -> list[_Item]:
        items, now = self._items.values(), self._now()
        return [i for i in items if not i.parked and (i.due <= now or i.attempts)]

    def pending(self, ref: SecretRef) -> str | None:
        with self._changed:
            for item in self._waiting():
                if item.hint.ref == ref and not item.hint.unresolved:
                    return item.cause
        return None

    def standing(self, key: QueueKey) -> Standing | None:
        with self._changed:
            item = self._items.get(key)
            if item is None:
                return None
            turn = (item.hint.lane, item.due, item.sequence)
            due = [i for i in self._items.values() if i.due <= self._now()]
            return Standing(
                ref=item.hint.ref,
                unresolved=item.hint.unresolved,
                cause=item.cause,
                detail=item.detail,
                attempts=item.attempts,
                since=item.since,
                parked=item.parked,
                due=item.due,
                taken=self._leased(item),
                ahead=sum(
                    (i.hint.lane, i.due, i.sequence) < turn for i in due if not i.parked
                ),
            )

    def backlog(self) -> Backlog:
        if self.unreadable:
            raise QueueUnavailable("the queue cannot be read")
        with self._changed:
            waiting = self._waiting()
            parked = Counter(i.cause for i in self._items.values() if i.parked)
            return Backlog(
                pending=len(waiting),
                oldest=min((item.since for item in waiting), default=None),
                parked=dict(parked),
            )

    def waiting(
        self, *, parked: bool, after: QueueKey | None = None, limit: int
    ) -> list[Waiting]:
        with self._changed:
            set_aside = [item for item in self._items.values() if item.parked]
            found = [
                Waiting(
                    ref=item.hint.ref,
                    unresolved=item.hint.unresolved,
                    cause=item.cause,
                    detail=item.detail,
                    attempts=item.attempts,
                    since=item.since,
                )
                for item in (set_aside if parked else self._waiting())
            ]
        found.sort(key=lambda one: one.key)
        return [one for one in found if after is None or one.key > after][:limit]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class FakeSource:
    """A Vault in memory. ``failure`` is raised by every call that would ask Vault;
    ``agrees`` is false where another node says otherwise;
    ``asked`` counts those calls."""

    def __init__(self, *mounts: Mount, cached: bool = True) -> None:
        self.failure: ReplicationError | None = None
        self.agrees = True
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

    def look(self, ref: SecretRef) -> Truth:
        truth = self.read(ref)
        return replace(truth, body="") if isinstance(truth, Value) else truth

    def confirm(self, ref: SecretRef, truth: Truth) -> bool:
        return self.agrees and self.read(ref) == truth

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
