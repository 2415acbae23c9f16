"""The work queue on SQLite: one row per reference, however many hints arrive.

``add`` is what the webhook acknowledges, so it is on disk when it returns; all else
may be repeated. Workers may begin before: a hint that a power cut takes away again is
sent again. Leases live in memory: one process owns the file, so those of a
former process are void without a word, and taking work costs no write. They are
measured on the monotonic clock, because a wall clock that jumps must not let two
workers at one secret. A hint that arrives under a lease is merged into the row at
once, and into the lease for the next round; so a crash repeats the round with all.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from receiver.adapters import queue_sql as sql
from receiver.adapters.requests_behind import RequestsBehind
from receiver.adapters.state_file import StateFile
from receiver.adapters.takers import Takers
from receiver.core.hints import merge
from receiver.core.state import Hint, Lane, SecretRef, Work
from receiver.ports import Backlog, QueueKey, QueueUnavailable, Standing, Waiting

_MAX_WAIT = 60.0  # also how late a wall clock that jumps ahead is noticed, seconds
_CLOCK_SLACK = 5.0  # smaller steps back are left to pass, seconds
_PAUSE = 5.0  # before work is taken again whose end could not be written, seconds


class _Lease(NamedTuple):
    work: Work
    until: float  # on the monotonic clock
    next: Hint | None = None  # what came since; its not_before is when it is due


class SqliteQueue:
    """A WorkQueue. ``now`` gives epoch seconds, ``steady`` monotonic ones."""

    def __init__(
        self,
        state: StateFile,
        *,
        now: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._now = now
        self._steady = steady
        self._takers = Takers(state.lock)
        self._leases: dict[QueueKey, _Lease] = {}
        self._requests = RequestsBehind()
        self._closed = False
        self._latest = now()
        with state.repeatable(or_raise=QueueUnavailable) as db:
            db.execute(sql.CLOCK_WENT_BACK, {"now": self._latest})
            newest = db.execute(sql.NEWEST).fetchone()[0]
        self._sequence: int = newest or 0

    def add(self, hints: Sequence[Hint]) -> None:
        """Queue all hints or none; on disk when it returns."""
        with self._state.lock:
            if self._closed:
                raise QueueUnavailable("the queue is closed")
            if not hints:
                return
            self._drop_expired()
            now = self._now()
            with self._state.repeatable(or_raise=QueueUnavailable) as db:
                for hint in hints:
                    self._write(db, hint, now)
            for hint in hints:
                self._requests.add((hint.ref, hint.unresolved), hint.requests)
                if not self._note_for_next_round(hint, now):
                    self._announce(hint.lane, hint.not_before)
        self._state.flush(or_raise=QueueUnavailable)

    def take(
        self, lanes: Collection[Lane], *, lease: float, timeout: float | None
    ) -> Work | None:
        """Lease what is due first; see the port."""
        deadline = None if timeout is None else self._steady() + timeout
        with self._state.lock:
            while not self._closed:
                self._heed_clock()
                rows = self._heads(lanes)
                now = self._now()
                steady = self._steady()
                due = next((row for row in rows if row["due"] <= now), None)
                if due is not None:
                    work = self._lease(due, lease)
                    self._leave_to_others(row for row in rows if row is not due)
                    return work
                left = _MAX_WAIT if deadline is None else deadline - steady
                if left <= 0:
                    return None
                self._takers.wait(lanes, steady, self._patience(rows, now, left))
        return None

    def done(self, work: Work) -> bool:
        """Forget the work, unless a hint came in between or the lease is lost."""
        with self._state.lock:
            lease = self._lease_of(work)
            if lease is None:
                return False
            with self._ending(lease) as db:
                if lease.next is None:
                    db.execute(sql.FORGET, sql.key_of(work))
                else:
                    db.execute(sql.NEXT_ROUND, sql.values(lease.next))
            self._answered(lease)
            return lease.next is None

    def retry(self, work: Work, *, delay: float, cause: str, detail: str) -> None:
        """Give the work back for later. Ignored when the lease is lost."""
        with self._state.lock:
            lease = self._lease_of(work)
            if lease is None:
                return
            now = self._now()
            due, attempts = now + delay, work.attempts + 1
            if lease.next is not None:
                due = min(due, lease.next.not_before)
                attempts = 0 if due <= now else attempts
            again = {"due": due, "now": now, "attempts": attempts}
            why = {"cause": cause, "detail": detail}
            with self._ending(lease) as db:
                db.execute(sql.RETRY, sql.key_of(work) | again | why)
            self._announce(work.hint.lane, due)

    def park(self, work: Work, *, cause: str, detail: str) -> None:
        """Set the work aside, unless a hint came in between. Ignored when the lease
        is lost."""
        with self._state.lock:
            lease = self._lease_of(work)
            if lease is None:
                return
            why = {"cause": cause, "detail": detail}
            with self._ending(lease) as db:
                if lease.next is None:
                    db.execute(sql.PARK, sql.key_of(work) | why)
                else:
                    db.execute(sql.NEXT_ROUND, sql.values(lease.next))
            self._answered(lease)

    def unpark(self, causes: Collection[str] | None = None) -> int:
        """Make parked work due in the reconcile lane; returns how many."""
        only = None if causes is None else json.dumps(list(causes))
        with self._state.lock:
            back = {"lane": Lane.RECONCILE, "now": self._now(), "causes": only}
            with self._state.repeatable(or_raise=QueueUnavailable) as db:
                count = db.execute(sql.UNPARK, back).rowcount
            self._takers.wake_all()
            return count

    def hasten(self, causes: Collection[str]) -> int:
        """Make what waits for one of ``causes`` due now; returns how many."""
        only = {"now": self._now(), "causes": json.dumps(list(causes))}
        with self._state.lock:
            with self._state.repeatable(or_raise=QueueUnavailable) as db:
                count = db.execute(sql.HASTEN, only).rowcount
            self._takers.wake_all()
            return count

    def pending(self, ref: SecretRef) -> str | None:
        """The cause of the last failure, "" if none yet; None when nothing waits."""
        key = sql.key(ref, unresolved=False) | {"now": self._now()}
        with self._state.reading(or_raise=QueueUnavailable) as db:
            row = db.execute(sql.PENDING, key).fetchone()
        return None if row is None else row["cause"]

    def standing(self, key: QueueKey) -> Standing | None:
        """How one reference stands; None when it is not here."""
        ref, unresolved = key
        with self._state.reading(or_raise=QueueUnavailable) as db:
            row = db.execute(sql.FIND, sql.key(ref, unresolved=unresolved)).fetchone()
            if row is None:
                return None
            ahead = db.execute(sql.AHEAD, {**dict(row), "now": self._now()})
            count: int = ahead.fetchone()[0]
        return sql.standing(row, taken=key in self._leases, ahead=count)

    def backlog(self) -> Backlog:
        """What waits and what is parked, in numbers."""
        with self._state.reading(or_raise=QueueUnavailable) as db:
            pending, oldest = db.execute(sql.BACKLOG, {"now": self._now()}).fetchone()
            parked = dict(map(tuple, db.execute(sql.PARKED)))
        return Backlog(pending=pending, oldest=oldest, parked=parked)

    def waiting(
        self, *, parked: bool, after: QueueKey | None = None, limit: int
    ) -> list[Waiting]:
        """One page of what is pending, or parked, in order of the reference."""
        key = sql.key(after[0], unresolved=after[1]) if after else sql.START
        wanted = {"parked": parked, "now": self._now(), "limit": limit}
        with self._state.reading(or_raise=QueueUnavailable) as db:
            return [sql.waiting(row) for row in db.execute(sql.WAITING, key | wanted)]

    def close(self) -> None:
        """Wake every ``take``. The state file stays open for what is in flight."""
        with self._state.lock:
            self._closed = True
            self._takers.wake_all()

    def _write(self, db: sqlite3.Connection, hint: Hint, now: float) -> None:
        key = sql.key(hint.ref, unresolved=hint.unresolved)
        row = db.execute(sql.FIND, key).fetchone()
        since = due = max(hint.not_before, now)
        if row is not None:
            hint = merge(sql.hint(row), hint)
            if not row["parked"]:
                since, due = min(row["since"], since), min(row["due"], due)
        self._sequence += 1
        times = {"since": since, "due": due, "decided": now}
        order = {"sequence": self._sequence}
        db.execute(sql.WRITE, sql.values(hint) | times | order)

    def _note_for_next_round(self, hint: Hint, now: float) -> bool:
        """Whether somebody works on it, who is to begin again when done."""
        key = (hint.ref, hint.unresolved)
        lease = self._leases.get(key)
        if lease is None:
            return False
        hint = replace(hint, not_before=max(hint.not_before, now))
        if lease.next is not None:
            hint = merge(lease.next, hint)
        self._leases[key] = lease._replace(next=hint)
        return True

    def _heads(self, lanes: Collection[Lane]) -> list[sqlite3.Row]:
        """The first two rows of each lane that nobody works on, most urgent lane
        first: one to take, one to leave to somebody else."""
        self._drop_expired()
        heads = []
        # Under a lease are at most so many rows, so two more are enough to see past.
        limit = len(self._leases) + 2
        with self._state.glance(or_raise=QueueUnavailable) as db:
            for lane in sorted(lanes):
                rows = db.execute(sql.NEXT, {"lane": lane, "limit": limit}).fetchall()
                free = [row for row in rows if sql.place(row) not in self._leases]
                heads += free[:2]
        return heads

    def _leave_to_others(self, rows: Iterable[sqlite3.Row]) -> None:
        """Who goes with one row cannot look after the others that it has seen."""
        for row in rows:
            self._announce(Lane(row["lane"]), row["due"])

    def _announce(self, lane: Lane, due: float) -> None:
        """There is a row that nobody works on."""
        self._takers.look(lane, by=self._steady() + due - self._now())

    def _lease(self, row: sqlite3.Row, lease: float) -> Work:
        until = self._steady() + lease
        requests = self._requests.of(sql.place(row))
        work = Work(
            hint=sql.hint(row, requests),
            sequence=row["sequence"],
            attempts=row["attempts"],
            since=row["since"],
            lease_until=until,
        )
        self._leases[sql.place(row)] = _Lease(work, until)
        self._takers.look(Lane(row["lane"]), by=until)
        return work

    def _patience(self, rows: Iterable[sqlite3.Row], now: float, left: float) -> float:
        """Seconds until something can be different without a notification."""
        steady = self._steady()
        changes = [lease.until - steady for lease in self._leases.values()]
        changes += [row["due"] - now for row in rows]
        return max(0.0, min([left, _MAX_WAIT, *changes]))

    def _drop_expired(self) -> None:
        steady = self._steady()
        ended = [key for key, lease in self._leases.items() if lease.until <= steady]
        for key in ended:
            del self._leases[key]

    def _lease_of(self, work: Work) -> _Lease | None:
        """The lease under which ``work`` is done; None when it is lost."""
        self._drop_expired()
        lease = self._leases.get((work.hint.ref, work.hint.unresolved))
        return lease if lease is not None and lease.work == work else None

    @contextmanager
    def _ending(self, lease: _Lease) -> Iterator[sqlite3.Connection]:
        """The transaction that ends a lease. When it fails, the lease ends by itself:
        not at once, or a full disk would have the same work done without a pause, and
        soon, so that it goes on when there is room again."""
        hint = lease.work.hint
        try:
            with self._state.repeatable(or_raise=QueueUnavailable) as db:
                yield db
        except QueueUnavailable:
            until = min(lease.until, self._steady() + _PAUSE)
            self._leases[hint.ref, hint.unresolved] = lease._replace(until=until)
            self._takers.look(hint.lane, by=until)
            raise
        del self._leases[hint.ref, hint.unresolved]
        if lease.next is not None:
            self._announce(lease.next.lane, lease.next.not_before)

    def _answered(self, lease: _Lease) -> None:
        """It is over for good: nobody will try again for the same requests."""
        hint = lease.work.hint
        self._requests.answered((hint.ref, hint.unresolved), hint.requests)

    def _heed_clock(self) -> None:
        """Times set by a clock that has since gone back lie too far ahead: let all
        that be due now. Looking too early costs one read."""
        now = self._now()
        if now < self._latest - _CLOCK_SLACK:
            with self._state.repeatable(or_raise=QueueUnavailable) as db:
                db.execute(sql.CLOCK_WENT_BACK, {"now": now})
            self._latest = now
        self._latest = max(self._latest, now)
