"""One secret at one place: look, plan, ask the brakes, apply, record.

Where the journal is enough, AWS is not asked. Where AWS turns out different from what
was believed, it is asked and the action is planned anew. What was done is recorded by
compare-and-set, so of two workers only one is believed.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from receiver.apply import Applied, Round, apply, name_of_action, state_after
from receiver.belief import believed, drift
from receiver.core.actions import Action, Adopt, Create, Delete, Put
from receiver.core.attributes import as_text, from_text
from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.plan import Place, plan_one
from receiver.core.state import Decision, Entry, Lane, Observed, State, Work
from receiver.core.version_budget import DAY, wait_for_version
from receiver.means import Means
from receiver.outcome import Outcome, expiry_of, lag_of
from receiver.places import Spot
from receiver.ports import Surprise
from receiver.stages import Stage, timed

log = structlog.stdlib.get_logger(__name__)

#: How often AWS may turn out different from what was believed in one round.
_SURPRISES = 3
#: AWS gives a name free some time after a delete at once.
_NAME_RETRY = 5.0
_GONE = (State.ORPHANED, State.DELETING)


class Bringer:
    """Brings one secret at one place up to date."""

    def __init__(self, means: Means) -> None:
        self._journal = means.journal
        self._brake = means.brake
        self._now = means.now
        self._versions_per_day = means.versions_per_day
        self._observe = means.observe

    def bring(self, work: Work, now: Round) -> Outcome:
        """Raises Temporary and Permanent."""
        observed = None if work.hint.doubt else believed(now)
        if observed is None:
            observed = self._look(now)
            self._note_drift(now, observed)
        for _ in range(_SURPRISES):
            with timed(Stage.DECIDE, self._observe):
                action, why = self._decide(work, now, observed)
            if why is not None:
                return self._hold(now, why)
            if isinstance(action, Delete):
                self._doubt(now, "its delete is under way")
            try:
                with timed(Stage.WRITE, self._observe):
                    applied = apply(now, action, observed)
            except Temporary as error:
                self._doubt(now, error.detail)
                raise
            except Surprise:
                observed = self._look(now)
                if isinstance(action, Create) and observed is None:
                    raise Temporary(
                        Cause.NAME_STILL_TAKEN,
                        "AWS still holds the name of a secret that was deleted",
                        after=_NAME_RETRY,
                    ) from None
                continue
            with timed(Stage.RECORD, self._observe):
                outcome = self._record(work, now, action, applied)
            if applied.trouble:
                raise applied.trouble
            return outcome
        raise Temporary(Cause.AWS_REFUSED, "the secret keeps changing in AWS")

    def _look(self, now: Round) -> Observed | None:
        with timed(Stage.LOOK, self._observe):
            return now.target.describe(now.place.name)

    def _decide(
        self, work: Work, now: Round, observed: Observed | None
    ) -> tuple[Action, Permanent | None]:
        """What to do, and why it must wait for somebody, if it must."""
        decision = now.entry.decision if now.entry else None
        action = plan_one(now.place, now.truth, observed, now.prints, decision)
        why = self._held(work, now) if isinstance(action, Delete) else None
        if why is None:
            self._check_limits(now.place, action)
        return action, why

    def _note_drift(self, now: Round, observed: Observed | None) -> None:
        """The journal says that AWS holds just this; AWS says that it does not."""
        entry = now.entry
        why = drift(now, observed)
        if entry is None or why is None:
            return
        log.warning(
            "drifted",
            ref=str(entry.ref),
            rule=entry.rule,
            name=entry.name,
            detail=why,
        )
        drifted = replace(
            entry,
            state=State.DRIFTED,
            cause=Cause.DRIFTED,
            detail=why,
            checked_at=self._now(),
        )
        self._write(drifted, entry)

    def _doubt(self, now: Round, why: str) -> None:
        """AWS may do it, or may have done it, without our hearing of it: what the
        journal says of AWS is believed no more, even if Vault takes it back."""
        place = now.place
        for entry in self._journal.known(place.ref):
            if Spot(place, entry).is_at(entry) and entry.state is State.IN_SYNC:
                doubted = replace(
                    entry, state=State.PENDING, detail=why, checked_at=self._now()
                )
                self._journal.record(doubted, expected=entry)

    def _held(self, work: Work, now: Round) -> Permanent | None:
        """Why a delete must wait for somebody; once held, until it is released."""
        entry, place = now.entry, now.place
        if entry is not None and entry.decision is Decision.FORCE:
            return None
        if entry is not None and _is_of_another_mount(entry, now):
            detail = "its mount was made anew since it was replicated"
            return Permanent(Cause.MOUNT_REPLACED, detail)
        if entry is not None and entry.state is State.HELD:
            # An emptied listing says little; an event about this very secret does.
            is_listing = entry.cause == Cause.EMPTY_LISTING
            if not (is_listing and work.hint.lane is Lane.EVENT):
                return Permanent(Cause(entry.cause or Cause.BRAKE), entry.detail)
        why = self._brake.holds(place.ref, place.rule.name)
        return Permanent(Cause.BRAKE, why) if why else None

    def _hold(self, now: Round, why: Permanent) -> Outcome:
        old = now.entry or Spot(now.place, None).blank(State.HELD)
        held = replace(
            old,
            state=State.HELD,
            cause=why.cause,
            detail=why.detail,
            decision=None,
            checked_at=self._now(),
        )
        self._write(held, now.entry)
        return Outcome(
            ref=held.ref,
            rule=held.rule,
            name=held.name,
            action="held",
            detail=why.detail,
        )

    def _check_limits(self, place: Place, action: Action) -> None:
        """What AWS would refuse later, or two secrets would fight for, is not begun."""
        if isinstance(action, Create):
            self._check_name(place)
        if isinstance(action, Put) or (
            isinstance(action, Adopt) and isinstance(action.then, Put)
        ):
            self._check_version_budget(place)

    def _check_name(self, place: Place) -> None:
        for other in self._journal.named(place.region, place.name):
            if other.ref == place.ref or other.arn is None or other.state in _GONE:
                continue
            spec = from_text(other.attributes, region=other.region)
            if spec is None or spec.account == place.rule.target.account:
                detail = f"this name belongs to another secret: {other.ref}"
                raise Permanent(Cause.NAME_TAKEN, detail)

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
        self, work: Work, now: Round, action: Action, applied: Applied
    ) -> Outcome:
        truth, at, old = now.truth, self._now(), now.entry
        state, cause = state_after(action)
        lag = lag_of(work, truth, at) if applied.wrote else None
        if state is None:
            if old is not None:
                self._journal.forget(old)
        else:
            trouble = applied.trouble
            entry = replace(
                old or Spot(now.place, None).blank(state),
                state=State.PARKED if trouble else state,
                cause=trouble.cause if trouble else cause,
                detail=trouble.detail if trouble else "",
                arn=applied.arn,
                version=truth.version,
                created_time=truth.created_time,
                deletion_time=getattr(truth, "deletion_time", None),
                version_id=applied.version_id,
                attributes=as_text(now.place.rule.target),
                accessor=truth.accessor or (old.accessor if old else None),
                decision=None,
                checked_at=at,
            )
            if applied.wrote or entry.applied_at is None:
                entry = replace(entry, applied_at=at)
            if lag is not None:
                entry = replace(entry, lag=lag)
            self._write(entry, old, made_version=applied.made_version)
        return Outcome(
            ref=now.place.ref,
            rule=now.place.rule.name,
            name=now.place.name,
            action=name_of_action(action, wrote=applied.wrote),
            version=truth.version,
            version_id=applied.version_id,
            lag=lag,
            expires=expiry_of(truth),
        )

    def _write(
        self, entry: Entry, expected: Entry | None, *, made_version: bool = False
    ) -> None:
        if not self._journal.record(
            entry, expected=expected, made_version=made_version
        ):
            raise Temporary(Cause.LEASE_SHORT, "another worker was faster", after=0.0)


def _is_of_another_mount(entry: Entry, now: Round) -> bool:
    """Then that it is gone says nothing of what somebody meant to delete."""
    accessor = now.truth.accessor
    return None not in (accessor, entry.accessor) and accessor != entry.accessor
