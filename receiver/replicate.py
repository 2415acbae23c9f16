"""The one write path: one secret, from what Vault says to what AWS holds.

Read the truth, and never believe a read that is older than what is already known.
Take what AWS holds from the journal where that is enough, from AWS where it is not.
Plan with a pure function, apply the one action, record it by compare-and-set. A
known secret's change costs one read and one write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from receiver.apply import Round
from receiver.bring import Bringer
from receiver.circuits import TRIPPING
from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.fingerprint import Fingerprint
from receiver.core.render import render
from receiver.core.retry import GUARD_ROUNDS, guard_delay
from receiver.core.rules import Rule
from receiver.core.state import Entry, Gone, State, Truth, Value, Work
from receiver.core.times import nanoseconds
from receiver.means import Means
from receiver.orphans import Orphans
from receiver.outcome import Outcome
from receiver.places import Spot, move_in, survey
from receiver.ports import Source
from receiver.stages import Stage, timed

_CONFLICTS = frozenset((Cause.CONFLICT_FOREIGN, Cause.CONFLICT_SOURCE))
_NOT_OURS = _CONFLICTS | {Cause.NAME_TAKEN}


@dataclass(frozen=True, slots=True)
class Mapping:
    """The part of the configuration that decides what goes where; replaced whole
    when it is read again."""

    source: str
    rules: tuple[Rule, ...]
    prints: Fingerprint


class Replicator:
    """Brings single secrets up to date. Safe to call from several threads."""

    def __init__(
        self,
        *,
        source: Source,
        mapping: Callable[[], Mapping],
        means: Means,
    ) -> None:
        self._source = source
        self._mapping = mapping
        self._means = means
        self._journal = means.journal
        self._circuits = means.circuits
        self._bringer = Bringer(means)
        self._orphans = Orphans(means)

    def replicate(self, work: Work) -> list[Outcome]:
        """Make AWS agree with Vault for one reference, under every rule it matches.

        One rule's failure does not keep the others from their turn; the first one
        is raised in the end. What only somebody else can mend is in the journal.
        """
        mapping, ref = self._mapping(), work.hint.ref
        known = self._journal.known(ref)
        seen = survey(ref, mapping.rules, mapping.source, known)
        if seen.left_behind:
            seen = move_in(seen, self._journal)
        outcomes: list[Outcome] = []
        failures: list[ReplicationError] = []
        for entry in seen.left_behind:
            try:
                outcomes += self._orphans.look(entry, mapping.source, work)
            except ReplicationError as error:
                failures.append(error)
        spots = [spot for spot in seen.spots if not self._is_paused(spot, failures)]
        if spots:
            outcomes += self._bring_all(spots, work, mapping, failures)
        if failures:
            raise min(failures, key=_urgency)
        return outcomes

    def _is_paused(self, spot: Spot, failures: list[ReplicationError]) -> bool:
        """Before anybody is asked: what waits for a pause costs nothing."""
        try:
            self._means.check_pause(spot.place.rule.name, spot.place.ref)
        except Temporary as error:
            failures.append(error)
            return True
        return False

    def _bring_all(
        self,
        spots: Sequence[Spot],
        work: Work,
        mapping: Mapping,
        failures: list[ReplicationError],
    ) -> list[Outcome]:
        try:
            truth = self._read(work, [spot.entry for spot in spots if spot.entry])
        except Permanent as error:
            for spot in spots:
                self._park(spot, error)
            raise
        outcomes: list[Outcome] = []
        for spot in spots:
            try:
                outcomes.append(self._bring(work, spot, mapping, truth))
            except Permanent as error:
                self._park(spot, error)
                failures.append(error)
            except Temporary as error:
                failures.append(error)
        return outcomes

    def _park(self, spot: Spot, error: Permanent) -> None:
        place = spot.place
        state = State.CONFLICT if error.cause in _CONFLICTS else State.PARKED
        # What was applied may have been recorded since the round began.
        old = next(
            (one for one in self._journal.known(place.ref) if spot.is_at(one)), None
        )
        parked = replace(
            old or spot.blank(state),
            state=state,
            cause=error.cause,
            detail=error.detail,
            arn=None if old is None or error.cause in _NOT_OURS else old.arn,
            # A decision is carried out once, or refused with the reason.
            decision=old.decision if old and error.cause in TRIPPING else None,
            checked_at=self._means.now(),
        )
        self._journal.record(parked, expected=old)

    def _give_up(self, spot: Spot, problem: Permanent, truth: Truth) -> Outcome:
        """Park it, unless Vault does not have it any more either."""
        if isinstance(truth, Value):
            raise problem
        if spot.entry is not None:
            self._journal.forget(spot.entry)
        place = spot.place
        return Outcome(
            ref=place.ref, rule=place.rule.name, name=place.name, action="none"
        )

    def _read(self, work: Work, entries: Sequence[Entry]) -> Truth:
        """The truth, no older than what the event or the journal has seen."""
        ref = work.hint.ref
        circuit = self._circuits.of("Vault", ref.namespace, ref.mount)
        circuit.enter(work)
        try:
            with timed(Stage.READ, self._means.observe):
                truth = self._source.read(ref)
        except Permanent as error:
            raise circuit.failed(ref, error) from error
        circuit.worked()
        if not _is_older(truth, work, entries):
            return self._sure(work, truth, entries)
        if work.attempts < GUARD_ROUNDS:
            raise Temporary(
                Cause.STANDBY_LAGS,
                "Vault answered with an older version than the event named",
                after=guard_delay(work.attempts),
            )
        if not self._source.confirm(work.hint.ref, truth):
            raise Temporary(
                Cause.STANDBY_LAGS, "Vault's nodes do not agree on the current version"
            )
        return truth

    def _sure(self, work: Work, truth: Truth, entries: Sequence[Entry]) -> Truth:
        """A key that is not there tells no time, so a node that has not heard of it
        yet says the same as one where it is gone: ask the active one."""
        is_bare = isinstance(truth, Gone) and truth.created_time is None
        if not is_bare or not any(entry.arn for entry in entries):
            return truth
        if not self._source.confirm(work.hint.ref, truth):
            raise Temporary(
                Cause.STANDBY_LAGS,
                "a node of Vault's does not know the secret yet",
                after=guard_delay(work.attempts),
            )
        return truth

    def _bring(self, work: Work, spot: Spot, mapping: Mapping, truth: Truth) -> Outcome:
        if spot.problem is not None:
            return self._give_up(spot, spot.problem, truth)
        spec = spot.place.rule.target
        text = ""
        if isinstance(truth, Value):
            text = render(truth.body, spec.format_key)
        circuit = self._circuits.of("AWS", *spec.account, spec.kms_key_id or "")
        circuit.enter(work)
        target = self._means.targets(spec, work, spot.place.rule.name)
        now = Round(spot.place, truth, text, spot.entry, target, mapping.prints)
        try:
            outcome = self._bringer.bring(work, now)
        except Permanent as error:
            raise circuit.failed(work.hint.ref, error) from error
        if outcome.action != "none":
            circuit.worked()
        return outcome


def _urgency(error: ReplicationError) -> tuple[bool, bool, float]:
    """Of several failures the smallest decides when there is a next round. Nothing is
    as patient as a pause, but it ends; what somebody must mend is tried again then."""
    is_paused = error.cause is Cause.PAUSED
    after = error.after if isinstance(error, Temporary) else None
    return isinstance(error, Permanent), is_paused, (after or 0.0) * is_paused


def _is_older(truth: Truth, work: Work, entries: Sequence[Entry]) -> bool:
    """Whether ``truth`` lies before a version that somebody has already seen."""
    hint = work.hint
    if truth.created_time is None:
        # The key is gone, or the mount has no versions. A put that the event named
        # must be visible, unless a later event said that it may be gone again.
        is_gone = not isinstance(truth, Value)
        return is_gone and hint.created_time is not None and not hint.look_twice
    known = [hint.created_time, *(entry.created_time for entry in entries)]
    seen = nanoseconds(truth.created_time)
    return any(time is not None and nanoseconds(time) > seen for time in known)
