"""What a run does with what it found: the journal is told, decisions are written down,
and everything else goes into the queue.

A decision is durable before its secret is queued, so a crash in between loses none:
the next comparison finds it waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

from receiver.core.comparison.finding import Finding
from receiver.core.comparison.order import Chosen
from receiver.core.state import Decision, Entry, Hint, Lane, SecretRef, State
from receiver.places import move_in, survey
from receiver.ports import Journal, WorkQueue
from receiver.replicate import Mapping

_AT_ONCE = 500


class Progress(Protocol):
    """Who follows a run."""

    def queued(self, chosen: Sequence[Chosen]) -> None:
        """These have just been queued."""

    def left_alone(self, findings: Sequence[Finding]) -> None:
        """These wait for somebody, and were not queued."""


class CarryOut:
    """For one run. Also the books of its comparison."""

    def __init__(
        self,
        journal: Journal,
        queue: WorkQueue,
        mapping: Mapping,
        accept_deletions: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._queue = queue
        self._mapping = mapping
        self._accept_deletions = accept_deletions

    def record(self, finding: Finding) -> None:
        """Write down what is proven, unless a worker has been there meanwhile: then
        it knows better."""
        new = finding.record
        if new is None:
            return
        standing = [e for e in self._journal.known(new.ref) if e.place == new.place]
        known = standing[0] if standing else None
        if _belief(known) == _belief(finding.entry):
            self._journal.record(new, expected=known)

    def move(self, ref: SecretRef) -> None:
        """Its rule has another name: let its entries stand under that."""
        known = self._journal.known(ref)
        move_in(
            survey(ref, self._mapping.rules, self._mapping.source, known),
            self._journal,
        )

    def forget(self, entry: Entry) -> None:
        """It speaks of nothing any more."""
        self._journal.forget(entry)

    def carry_out(self, chosen: Sequence[Chosen], by: str, progress: Progress) -> int:
        """Do all of it; returns how many references were queued. Raises
        QueueUnavailable and JournalUnavailable: what was done by then stays."""
        self._decide(chosen, by)
        todo = iter([one for one in chosen if one.finding.look])
        refs: set[SecretRef] = set()
        while some := list(islice(todo, _AT_ONCE)):
            self._queue.add([_hint(one.finding) for one in some])
            progress.queued(some)
            refs.update(one.finding.ref for one in some)
        return len(refs)

    def _decide(self, chosen: Sequence[Chosen], by: str) -> None:
        made: dict[Decision, list[Entry]] = {}
        for one in chosen:
            self.record(one.finding)
            if one.decision is not None:
                made.setdefault(one.decision, []).append(_entry(one.finding))
        for decision, entries in made.items():
            for start in range(0, len(entries), _AT_ONCE):
                self._journal.decide(entries[start : start + _AT_ONCE], decision, by)
        released = {entry.rule for entry in made.get(Decision.FORCE, ())}
        for rule in sorted(released):
            self._accept_deletions(rule)


def _hint(finding: Finding) -> Hint:
    return Hint(ref=finding.ref, lane=Lane.RECONCILE, doubt=finding.doubt)


def _entry(finding: Finding) -> Entry:
    """What a decision is written on; the journal may not know the secret yet."""
    entry = finding.record or finding.entry
    if entry is None:
        assert finding.case is not None
        entry = finding.case.blank(State.HELD)
    return entry


def _belief(entry: Entry | None) -> object:
    """What nobody may have changed since the comparison read it."""
    return entry and (
        entry.state,
        entry.arn,
        entry.version,
        entry.created_time,
        entry.version_id,
        entry.attributes,
        entry.decision,
    )
