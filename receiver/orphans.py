"""What we once put into AWS and no rule speaks for any more.

An orphan is listed and left alone. Only somebody's decision ends it: ``prune``, under
the brake and in the way its last rule would have chosen, or ``release``.
"""

from __future__ import annotations

from dataclasses import replace

from receiver.apply import detach_all
from receiver.core.attributes import from_text
from receiver.core.causes import Cause, Temporary
from receiver.core.fingerprint import RELEASED
from receiver.core.plan import end_of, owner_tags
from receiver.core.rules import RETAIN, TargetSpec
from receiver.core.state import Decision, Entry, State, Work
from receiver.means import Means
from receiver.outcome import Outcome
from receiver.ports import Surprise, Target

_KEPT = (State.ORPHANED, State.DELETING, State.HELD)
_ENDING = (Decision.PRUNE, Decision.FORCE)


class Orphans:
    """Looks after what was left behind."""

    def __init__(self, means: Means) -> None:
        self._journal = means.journal
        self._targets = means.targets
        self._brake = means.brake
        self._now = means.now

    def look(self, entry: Entry, source: str, work: Work) -> list[Outcome]:
        """Make of ``entry`` what it is now. Raises Temporary and Permanent."""
        if entry.arn is None:
            self._journal.forget(entry)
            return []
        if entry.decision is None and entry.state in _KEPT and not work.hint.doubt:
            return []
        spec = from_text(entry.attributes, region=entry.region)
        if spec is None and entry.decision is Decision.RELEASE:
            spec = TargetSpec(region=entry.region)
        if spec is None:
            return self._leave(entry, "what its rule wanted is not known any more")
        if entry.decision is None and entry.state not in _KEPT:
            return self._leave(entry, "no rule speaks for it any more")
        target = self._targets(spec, work, entry.rule)
        return self._ask_aws(entry, spec, source, target)

    def _ask_aws(
        self, entry: Entry, spec: TargetSpec, source: str, target: Target
    ) -> list[Outcome]:
        assert entry.arn is not None
        observed = target.describe(entry.arn)
        owner = owner_tags(source, entry.ref)
        if observed is None or not owner.items() <= observed.tags.items():
            self._journal.forget(entry)
            return [_outcome(entry, "none", "it is not ours any more")]
        if observed.deleting:
            return self._write(entry, State.DELETING, None, "none")
        if RELEASED in observed.tags:
            return self._write(entry, State.ORPHANED, Cause.RELEASED, "leave")
        if entry.decision is Decision.RELEASE:
            target.tag(entry.arn, {**owner, RELEASED: "true"})
            return self._write(entry, State.ORPHANED, Cause.RELEASED, "release")
        if entry.decision not in _ENDING:
            return self._write(entry, entry.state, entry.cause, "leave", entry.detail)
        if spec.on_delete == RETAIN:
            return self._leave(entry, "its rule said on_delete: retain")
        if entry.decision is not Decision.FORCE and (
            why := self._brake.holds(entry.ref, entry.rule)
        ):
            return self._write(entry, State.HELD, Cause.BRAKE, "held", why)
        try:
            detach_all(target, observed)
            target.delete(entry.arn, recovery_days=end_of(spec).recovery_days)
        except Surprise as surprise:
            raise Temporary(Cause.AWS_REFUSED, "it changes in AWS") from surprise
        return self._write(entry, State.DELETING, None, "delete")

    def _leave(self, entry: Entry, why: str) -> list[Outcome]:
        return self._write(entry, State.ORPHANED, Cause.NO_RULE, "leave", why)

    def _write(
        self,
        entry: Entry,
        state: State,
        cause: str | None,
        action: str,
        detail: str = "",
    ) -> list[Outcome]:
        new = replace(
            entry,
            state=state,
            cause=cause,
            detail=detail,
            decision=None,
            checked_at=self._now(),
        )
        if not self._journal.record(new, expected=entry):
            raise Temporary(Cause.LEASE_SHORT, "it changed meanwhile", after=0.0)
        return [_outcome(new, action, detail)]


def _outcome(entry: Entry, action: str, detail: str) -> Outcome:
    return Outcome(
        ref=entry.ref,
        rule=entry.rule,
        name=entry.name,
        action=action,
        version=entry.version,
        version_id=entry.version_id,
        detail=detail or None,
    )
