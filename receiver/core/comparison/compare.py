"""One secret, three ways: what Vault lists, what AWS lists, what the journal holds.

What to do is planned by the same function as everywhere; here its action becomes what
people are told, what goes into the queue, and what the journal may be told at once.
AWS's listing may be minutes old, so it alone never changes anything: what differs is
looked at by a worker. That a secret is as it should be, the listing can prove.
"""

from __future__ import annotations

from dataclasses import replace

from receiver.core.actions import (
    Action,
    Adopt,
    Create,
    Delete,
    InSync,
    Leave,
    MakeCurrent,
    Nothing,
    Put,
    Refuse,
    Release,
)
from receiver.core.attributes import Changes
from receiver.core.causes import Cause
from receiver.core.comparison.case import Case, View
from receiver.core.comparison.compare_known import (
    STUCK,
    gone_since,
    held,
    hold_emptied,
    is_held_by_listing,
    stuck,
    was_brought_since,
    went_back,
    written,
)
from receiver.core.comparison.differences import Kind
from receiver.core.comparison.drift import tell_write
from receiver.core.comparison.finding import Finding, Mass, difference
from receiver.core.comparison.listing_proof import (
    changes_of,
    is_believed,
    is_lagging,
    may_lack_replicas,
    proven,
)
from receiver.core.plan import plan_one
from receiver.core.state import Entry, Observed, State
from receiver.core.times import later

_CONFLICTS = (Cause.CONFLICT_FOREIGN, Cause.CONFLICT_SOURCE)


def compare(case: Case, observed: Observed | None, view: View) -> Finding | None:
    """None: all three agree. ``observed`` is None where AWS lists no such name."""
    entry = case.entry
    if entry is not None and was_brought_since(entry, view) and not view.is_fresh:
        return _besides(case, observed, view)
    decision = entry.decision if entry else None
    place = case.place(view.source)
    action = plan_one(place, case.truth, observed, view.prints, decision)
    found = _find(case, action, observed, view)
    if found is not None and found.look and is_lagging(entry, observed, view):
        # The listing may only be late: whoever looks asks for this very secret.
        found = replace(found, doubt=True, unsure=True)
    if decision is None:
        return found
    return replace(
        found or Finding(ref=case.ref, case=case, entry=entry), look=True, doubt=True
    )


def _besides(case: Case, observed: Observed | None, view: View) -> Finding | None:
    """A worker has just brought the value, and may have believed all else."""
    if observed is None or not case.is_wanted or not changes_of(case, observed, view):
        return None
    return Finding(ref=case.ref, case=case, entry=case.entry, look=True, doubt=True)


def _find(
    case: Case, action: Action, observed: Observed | None, view: View
) -> Finding | None:
    match action:
        case Delete():
            return _delete(case, observed, view)
        case Leave(_, cause):
            return _leave(case, observed, cause)
        case Nothing(state):
            return _nothing(case, observed, state)
        case Refuse(cause, detail):
            kind = Kind.CONFLICT if cause in _CONFLICTS else Kind.PARKED
            return _doubted(case, kind, observed, detail, cause=cause)
        case Release():
            return _doubted(case, Kind.UPDATE, observed, "to be released")
        case Adopt():
            return _doubted(case, Kind.UPDATE, observed, "to be adopted")
        case Create():
            return _create(case, view)
        case InSync() | Put() | MakeCurrent():
            assert observed is not None
            return _value(case, action, observed, view)


def _create(case: Case, view: View) -> Finding:
    entry = case.entry
    if entry is not None and entry.state in STUCK:
        return stuck(case)
    if entry is not None and entry.state is State.IN_SYNC:
        return _doubted(case, Kind.REPAIR, None, "it was deleted in AWS")
    if case.former is not None:
        why = "the rule gives it another name"
        found = _doubted(case, Kind.CREATE, None, why)
        return replace(found, mass=Mass.REWRITE)
    return _doubted(case, Kind.CREATE, None, written(case, view))


def _value(
    case: Case, action: InSync | Put | MakeCurrent, observed: Observed, view: View
) -> Finding | None:
    """Vault has a value, and AWS a secret of ours."""
    entry = case.entry
    if case.is_unread and not isinstance(action, InSync):
        if entry is None or entry.version_id is None:
            return Finding(ref=case.ref, case=case, look=True, doubt=True, unsure=True)
        # Without a read the value can only be what the journal says it was.
        if not getattr(action, "seal", False) and observed.current == entry.version_id:
            action = InSync(entry.version_id, restore=action.restore)
    todo = changes_of(case, observed, view)
    if isinstance(action, InSync) and not action.restore:
        return _in_sync(case, observed, todo, view)
    if entry is not None and entry.state in STUCK:
        return stuck(case)
    kind, reason, mass = tell_write(case, action, observed, view)
    return Finding(
        ref=case.ref,
        case=case,
        entry=entry,
        difference=difference(case, kind, observed, reason),
        look=True,
        doubt=not is_believed(entry, observed, todo),
        unsure=kind is Kind.REPAIR,
        mass=mass,
    )


def _in_sync(
    case: Case, observed: Observed, todo: Changes, view: View
) -> Finding | None:
    entry = case.entry
    if todo:
        return _doubted(case, Kind.UPDATE, observed, str(todo))
    if entry is not None and entry.state is not State.IN_SYNC:
        if entry.cause == Cause.REPLICA_FAILED:
            return stuck(case)  # a listing does not tell of replicas
        if not is_held_by_listing(entry):
            return Finding(ref=case.ref, case=case, entry=entry, look=True, doubt=True)
    if may_lack_replicas(case):
        return replace(_doubted(case, Kind.UPDATE, observed, "replicas"), unsure=True)
    if entry is not None and later(entry.created_time, case.truth.created_time):
        return Finding(ref=case.ref, case=case, entry=entry, look=True, doubt=True)
    record = proven(case, observed, view)
    if record != entry:
        return Finding(ref=case.ref, case=case, entry=entry, record=record)
    if case.is_unread and view.values_due(case.ref):
        return Finding(ref=case.ref, case=case, entry=entry, look=True)
    return None


def _delete(case: Case, observed: Observed | None, view: View) -> Finding:
    entry = case.entry
    if entry is not None and entry.state is State.HELD:
        return held(case)
    if case.emptied and observed is not None:
        there = entry or replace(case.blank(State.HELD), arn=observed.arn)
        return hold_emptied(case, there, view)
    if entry is not None and _was_of_another_mount(entry, case):
        why = "its mount was made anew since it was replicated"
        return _doubted(case, Kind.HELD, observed, why, cause=Cause.MOUNT_REPLACED)
    mass = Mass.WENT_BACK if went_back(case) else None
    found = _doubted(case, Kind.DELETE, observed, gone_since(case, view))
    return replace(found, unsure=True, mass=mass)


def _was_of_another_mount(entry: Entry, case: Case) -> bool:
    """Then that it is gone says nothing of what somebody meant to delete."""
    accessor = case.truth.accessor
    return None not in (accessor, entry.accessor) and accessor != entry.accessor


def _leave(case: Case, observed: Observed | None, cause: Cause) -> Finding:
    entry = case.entry
    is_known = (
        entry is not None and entry.state is State.ORPHANED and entry.cause == cause
    )
    found = _doubted(case, Kind.ORPHANED, observed, "", cause=cause)
    return replace(found, look=not is_known)


def _nothing(
    case: Case, observed: Observed | None, state: State | None
) -> Finding | None:
    entry = case.entry
    if entry is None and state is None:
        return None
    if entry is not None and observed is not None:
        is_known = (entry.state, entry.arn) == (state, observed.arn)
        if is_known:
            return None
    return Finding(ref=case.ref, case=case, entry=entry, look=True, doubt=True)


def _doubted(
    case: Case,
    kind: Kind,
    observed: Observed | None,
    reason: str,
    *,
    cause: str | None = None,
) -> Finding:
    return Finding(
        ref=case.ref,
        case=case,
        entry=case.entry,
        difference=difference(case, kind, observed, reason, cause),
        look=True,
        doubt=True,
        unsure=kind in (Kind.CREATE, Kind.REPAIR),
    )
