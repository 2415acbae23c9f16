"""Gathers what somebody might have to be told of, from the parts that know it.

Neither Vault nor AWS is asked. Of a hundred thousand parked secrets a few hundred are
looked at, for the names; how many there are is counted elsewhere already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from receiver.adapters.vault_token import TokenKeeper
from receiver.circuits import Circuits
from receiver.core.notify.facts import Beat, Compared, Facts, Held, Stuck, TokenLife
from receiver.core.state import Entry, State
from receiver.reconciler import Reconciler
from receiver.web.parts import Parts

_SAMPLE, _NAMES = 200, 5
_STUCK = (State.PARKED, State.CONFLICT)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is true now. ``faults`` are those that nothing else in here shows,
    ``interval`` is that of the comparisons, and ``started`` when the receiver was, in
    epoch seconds."""

    parts: Parts
    keeper: TokenKeeper
    circuits: Circuits
    reconciler: Reconciler
    faults: Callable[[], Sequence[str]]
    interval: float | None
    started: float

    def facts(self, now: float) -> Facts:
        """Raises QueueUnavailable, JournalUnavailable."""
        backlog, trouble = self.parts.queue.backlog(), self.keeper.trouble
        return Facts(
            now=now,
            started=self.started,
            stuck=tuple(self._stuck(backlog.parked)),
            held=tuple(self._held()),
            oldest=backlog.oldest,
            pending=backlog.pending,
            vault_trouble=trouble.detail if trouble else None,
            vault_asked=self.keeper.asked_at,
            token=self._token(),
            refusing=tuple(self.circuits.faults()),
            faults=(*self.faults(), *self.parts.unknown_sources.faults()),
            beats=tuple(self._beats()),
            compared=self._compared(),
            paused=tuple(self.parts.pauses.standing()),
        )

    def _stuck(self, counts: dict[str, int]) -> Iterator[Stuck]:
        """By cause. The queue counts; a parked secret that is being tried again is in
        the journal alone, and one whose mount is unknown in the queue alone."""
        names: dict[str, dict[str, None]] = defaultdict(dict)
        for state in _STUCK:
            for entry in self._page(state, None, _SAMPLE):
                names[entry.cause or ""][str(entry.ref)] = None
        for one in self.parts.queue.waiting(parked=True, limit=_SAMPLE):
            names[one.cause][str(one.ref)] = None
        for cause in sorted({*counts, *names}):
            known = list(names[cause])
            count = max(counts.get(cause, 0), len(known))
            yield Stuck(cause=cause, count=count, names=tuple(known[:_NAMES]))

    def _held(self) -> Iterator[Held]:
        for (rule, state), count in sorted(self.parts.journal.counts().items()):
            if state is not State.HELD:
                continue
            few = self._page(State.HELD, rule, _SAMPLE)
            first = min(few, key=lambda one: one.state_since, default=None)
            yield Held(
                rule=rule,
                count=count,
                cause=first.cause if first else None,
                why=first.detail if first else "",
                names=tuple(str(entry.ref) for entry in few[:_NAMES]),
            )

    def _page(self, state: State, rule: str | None, limit: int) -> list[Entry]:
        page, _ = self.parts.journal.page(
            state=state, rule=rule, text=None, after=None, limit=limit
        )
        return page

    def _token(self) -> TokenLife | None:
        lease, asked_at = self.keeper.lease, self.keeper.asked_at
        if lease is None or asked_at is None or not lease.ttl:
            return None
        return TokenLife(ends=asked_at + lease.ttl, whole=lease.whole)

    def _beats(self) -> Iterator[Beat]:
        skew = self.parts.metrics.skew(self.parts.source_name)
        for one in self.parts.forwarders.all():
            entry = _epoch(one.last_entry_time)
            yield Beat(
                name=one.name,
                last_seen=one.last_seen,
                last_entry=None if entry is None else entry + skew,
            )

    def _compared(self) -> Compared:
        report = self.reconciler.last
        return Compared(
            succeeded=self.parts.metrics.reconciled_at,
            failures=tuple(report.failures) if report else (),
            interval=self.interval,
        )


def _epoch(time: str | None) -> float | None:
    """Of an RFC 3339 time; None when it is none: it comes from outside."""
    try:
        return None if time is None else datetime.fromisoformat(time).timestamp()
    except ValueError:
        return None
