"""The one write path: one secret, from what Vault says to what AWS holds.

Read the truth, and never believe a read that is older than what is already known.
Take what AWS holds from the journal where that is enough, from AWS where it is not.
Plan with a pure function, apply the one action, record it by compare-and-set. A
known secret's change costs one read and one write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from receiver.apply import Round, apply, name_of_action, state_after
from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.fingerprint import SEAL, Fingerprint
from receiver.core.naming import name_of
from receiver.core.plan import (
    Action,
    Create,
    InSync,
    Leave,
    Nothing,
    Place,
    Put,
    plan_one,
)
from receiver.core.render import render
from receiver.core.retry import GUARD_ROUNDS, guard_delay
from receiver.core.rules import Rule, rules_for
from receiver.core.state import Entry, Observed, SecretRef, State, Truth, Value, Work
from receiver.core.times import nanoseconds
from receiver.core.version_budget import DAY, wait_for_version
from receiver.ports import Journal, Source, Surprise, Target

#: How often AWS may turn out different from what was believed in one round.
_SURPRISES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one round did for one secret under one rule, for logs and metrics.

    ``action`` is none, create, update, repair, restore, delete or leave; ``lag`` is in
    seconds, None when the round was not about a newly written version. ``expires`` is
    when Vault will delete the version by itself, in epoch seconds: nothing is logged
    then, so somebody must look.
    """

    ref: SecretRef
    rule: str
    name: str
    action: str
    version: int | None = None
    version_id: str | None = None
    lag: float | None = None
    expires: float | None = None


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
        journal: Journal,
        targets: Callable[[Rule, Work], Target],
        mapping: Callable[[], Mapping],
        now: Callable[[], float],
        versions_per_day: int = 60,
    ) -> None:
        """``versions_per_day`` of one secret are free; further ones are spread out."""
        self._source = source
        self._journal = journal
        self._targets = targets
        self._mapping = mapping
        self._now = now
        self._versions_per_day = versions_per_day

    def replicate(self, work: Work) -> list[Outcome]:
        """Make AWS agree with Vault for one reference, under every rule it matches.

        One rule's failure does not keep the others from their turn; the first one
        is raised in the end. What only somebody else can mend is in the journal.
        """
        mapping, ref = self._mapping(), work.hint.ref
        rules = rules_for(mapping.rules, ref)
        entries = {rule.name: self._journal.get(ref, rule.name) for rule in rules}
        if not rules:
            return []
        try:
            truth = self._read(work, [entry for entry in entries.values() if entry])
        except Permanent as error:
            for rule in rules:
                self._park(ref, rule, entries[rule.name], error)
            raise
        outcomes: list[Outcome] = []
        failures: list[ReplicationError] = []
        for rule in rules:
            entry = entries[rule.name]
            try:
                outcomes.append(self._bring(work, rule, mapping, truth, entry))
            except Permanent as error:
                self._park(ref, rule, entry, error)
                failures.append(error)
            except Temporary as error:
                failures.insert(0, error)
        if failures:
            raise failures[0]
        return outcomes

    def _park(
        self, ref: SecretRef, rule: Rule, entry: Entry | None, error: Permanent
    ) -> None:
        is_foreign = error.cause is Cause.CONFLICT_FOREIGN
        state = State.CONFLICT if is_foreign else State.PARKED
        old = entry or Entry(ref=ref, rule=rule.name, name="", state=state)
        parked = replace(old, state=state, cause=error.cause, checked_at=self._now())
        self._journal.record(parked, expected=entry)

    def _read(self, work: Work, entries: Sequence[Entry]) -> Truth:
        """The truth, no older than what the event or the journal has seen."""
        truth = self._source.read(work.hint.ref)
        if not _is_older(truth, work, entries):
            return truth
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

    def _bring(
        self,
        work: Work,
        rule: Rule,
        mapping: Mapping,
        truth: Truth,
        entry: Entry | None,
    ) -> Outcome:
        ref = work.hint.ref
        target = self._targets(rule, work)
        place = Place(mapping.source, ref, rule, target.region, name_of(rule, ref))
        text = ""
        if isinstance(truth, Value):
            text = render(truth.body, rule.target.format_key)
        now = Round(place, truth, text, entry, target, mapping.prints)
        observed = _believed(now) or target.describe(place.name)
        for _ in range(_SURPRISES):
            action = plan_one(place, truth, observed, mapping.prints)
            if isinstance(action, Put):
                self._check_version_budget(place)
            try:
                arn, version_id = apply(now, action, observed)
            except Surprise:
                observed = target.describe(place.name)
                continue
            return self._record(work, now, action, arn, version_id)
        raise Temporary(Cause.AWS_REFUSED, "the secret keeps changing in AWS")

    def _check_version_budget(self, place: Place) -> None:
        now = self._now()
        made = self._journal.versions_made(place.ref, place.rule.name, now - DAY)
        wait = wait_for_version(made, now, free=self._versions_per_day)
        if wait:
            raise Temporary(
                Cause.VERSION_BUDGET,
                f"{len(made)} versions within a day; the next one in {wait:,.0f} s",
                after=wait,
            )

    def _record(
        self,
        work: Work,
        now: Round,
        action: Action,
        arn: str | None,
        version_id: str | None,
    ) -> Outcome:
        ref, rule = work.hint.ref, now.place.rule.name
        name, truth, at = now.place.name, now.truth, self._now()
        wrote = not isinstance(action, InSync | Nothing | Leave)
        lag = None
        if wrote and isinstance(truth, Value):
            lag = _lag(work, truth, at)
        state = state_after(action)
        if state is None:
            self._journal.forget(ref, rule)
        else:
            old = now.entry or Entry(ref=ref, rule=rule, name=name, state=state)
            entry = replace(
                old,
                name=name,
                state=state,
                cause=None,
                arn=arn,
                version=truth.version,
                created_time=truth.created_time,
                deletion_time=getattr(truth, "deletion_time", None),
                version_id=version_id,
                applied_at=at if wrote or old.applied_at is None else old.applied_at,
                checked_at=at,
                lag=old.lag if lag is None else lag,
            )
            made = isinstance(action, Create | Put)
            if not self._journal.record(entry, expected=now.entry, made_version=made):
                raise Temporary(
                    Cause.LEASE_SHORT, "another worker was faster", after=0.0
                )
        return Outcome(
            ref=ref,
            rule=rule,
            name=name,
            action=name_of_action(action),
            version=truth.version,
            version_id=version_id,
            lag=lag,
            expires=_expiry(truth),
        )


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


def _believed(now: Round) -> Observed | None:
    """What AWS holds, as far as the journal alone can tell; None when it cannot."""
    entry = now.entry
    if (
        entry is None
        or entry.state is not State.IN_SYNC
        or entry.arn is None
        or entry.version_id is None
        or entry.name != now.place.name
    ):
        return None
    seal = now.prints.seal(entry.arn, now.place.source, now.place.ref)
    return Observed(
        arn=entry.arn,
        tags={**now.place.owner_tags(), SEAL: seal},
        stages={entry.version_id: ("AWSCURRENT",)},
    )


def _lag(work: Work, truth: Value, at: float) -> float | None:
    if work.hint.created_time is None or truth.created_time is None:
        return None
    return max(0.0, at - nanoseconds(truth.created_time) / 1e9)


def _expiry(truth: Truth) -> float | None:
    if not isinstance(truth, Value) or truth.deletion_time is None:
        return None
    return nanoseconds(truth.deletion_time) / 1e9
