"""Vault's listing against what the journal says was applied; AWS is not asked.

Enough after a gap, when only Vault can have changed, and where AWS's own listing is
too old to tell more than the journal does.
"""

from __future__ import annotations

from dataclasses import replace

from receiver.core.causes import Cause
from receiver.core.comparison.case import Case, View
from receiver.core.comparison.differences import Kind, duration
from receiver.core.comparison.finding import Finding, Mass, difference
from receiver.core.rules import RETAIN
from receiver.core.state import Entry, Gone, State
from receiver.core.times import later, nanoseconds

_AWAY = (State.DELETING, State.ORPHANED)
STUCK = (State.PARKED, State.CONFLICT)


def compare_known(case: Case, view: View) -> Finding | None:
    """None: Vault says what the journal says."""
    entry = case.entry
    if entry is not None and was_brought_since(entry, view):
        return None
    found = _compare_wanted(case, view) if case.is_wanted else _compare_gone(case, view)
    if entry is None or entry.decision is None:
        return found
    return replace(found or Finding(ref=case.ref, case=case), look=True, doubt=True)


def was_brought_since(entry: Entry, view: View) -> bool:
    """Whether a worker brought it up to date while we compared."""
    return entry.applied_at is not None and entry.applied_at >= view.began


def _compare_wanted(case: Case, view: View) -> Finding | None:
    entry = case.entry
    if entry is None:
        if case.former is not None and _is_same(case, case.former):
            return None  # only the name is new: for a comparison with AWS to weigh
        return _found(case, Kind.CREATE, written(case, view))
    if case.is_unread:
        is_due = view.values_due(case.ref) or entry.state is not State.IN_SYNC
        return (
            Finding(ref=case.ref, case=case, entry=entry, look=True) if is_due else None
        )
    is_same = _is_same(case, entry)
    if entry.state in STUCK:
        return stuck(case) if view.retry or not is_same else None
    if not is_same:
        mass = Mass.WENT_BACK if went_back(case) else None
        kind = Kind.UPDATE if entry.arn else Kind.CREATE
        return _found(case, kind, behind(case, view), mass=mass)
    if entry.state is State.IN_SYNC or entry.cause == Cause.RELEASED:
        return None
    if is_held_by_listing(entry):
        return Finding(ref=case.ref, case=case, entry=entry, record=let_go(entry, view))
    kind = Kind.RESTORE if entry.state in _AWAY else Kind.REPAIR
    return _found(case, kind, entry.detail)


def _compare_gone(case: Case, view: View) -> Finding | None:
    entry = case.entry
    if entry is None or entry.state in _AWAY:
        return None
    if entry.arn is None:
        return Finding(ref=case.ref, case=case, entry=entry, look=True)
    if entry.state is State.HELD:
        return held(case)
    if case.emptied:
        return hold_emptied(case, entry, view)
    if not isinstance(case.truth, Gone) or case.rule.target.on_delete == RETAIN:
        cause = Cause.RETAINED if isinstance(case.truth, Gone) else Cause.OPTED_OUT
        found = difference(case, Kind.ORPHANED, None, cause=cause)
        return Finding(
            ref=case.ref, case=case, entry=entry, difference=found, look=True
        )
    mass = Mass.WENT_BACK if went_back(case) else None
    return _found(case, Kind.DELETE, gone_since(case, view), mass=mass)


def _found(case: Case, kind: Kind, reason: str, *, mass: Mass | None = None) -> Finding:
    return Finding(
        ref=case.ref,
        case=case,
        entry=case.entry,
        difference=difference(case, kind, None, reason),
        look=True,
        mass=mass,
    )


def _is_same(case: Case, entry: Entry) -> bool:
    said = (case.truth.version, case.truth.created_time)
    return said == (entry.version, entry.created_time)


def stuck(case: Case) -> Finding:
    """What somebody must act on first: told with its cause, and tried again."""
    entry = case.entry
    assert entry is not None
    kind = Kind.CONFLICT if entry.state is State.CONFLICT else Kind.PARKED
    found = difference(case, kind, None, entry.detail, entry.cause)
    return Finding(
        ref=case.ref,
        case=case,
        entry=entry,
        difference=found,
        look=True,
        doubt=True,
        unsure=kind is Kind.CONFLICT,
    )


def held(case: Case) -> Finding:
    """A delete that waits for somebody: told, and left alone."""
    entry = case.entry
    assert entry is not None
    cause = entry.cause or Cause.BRAKE
    found = difference(case, Kind.HELD, None, entry.detail, cause)
    return Finding(ref=case.ref, case=case, entry=entry, difference=found)


def is_held_by_listing(entry: Entry) -> bool:
    """Whether an empty listing alone holds it back."""
    return entry.state is State.HELD and entry.cause == Cause.EMPTY_LISTING


def let_go(entry: Entry, view: View) -> Entry:
    """What to record when the listing is no longer empty."""
    return replace(
        entry, state=State.IN_SYNC, cause=None, detail="", checked_at=view.now
    )


def hold_emptied(case: Case, entry: Entry, view: View) -> Finding:
    """A restored snapshot, another cluster: rather that than so many deletes."""
    why = "Vault's listing of the whole mount is empty: nothing is deleted for that"
    record = replace(
        entry,
        state=State.HELD,
        cause=Cause.EMPTY_LISTING,
        detail=why,
        checked_at=view.now,
    )
    found = difference(case, Kind.HELD, None, why, Cause.EMPTY_LISTING)
    return Finding(
        ref=case.ref, case=case, entry=case.entry, difference=found, record=record
    )


def went_back(case: Case) -> bool:
    """Whether Vault says something older than what was applied before."""
    entry, created = case.entry, case.truth.created_time
    if entry is None or created is None:
        return False
    return later(entry.created_time, created)


def written(case: Case, view: View) -> str:
    """How long ago Vault got the version."""
    age = _age(case.truth.created_time, view)
    return f"written {age} ago" if age else ""


def behind(case: Case, view: View) -> str:
    """How long AWS has been behind."""
    if went_back(case):
        return "Vault has an older version than AWS"
    age = _age(case.truth.created_time, view)
    return f"AWS is {age} behind" if age else ""


def gone_since(case: Case, view: View) -> str:
    """How long ago it was deleted, as far as Vault tells."""
    truth = case.truth
    if truth.version is None:
        return "it is not in Vault any more"
    age = _age(truth.deletion_time, view)
    return f"deleted in Vault {age} ago" if age else "destroyed in Vault"


def _age(time: str | None, view: View) -> str | None:
    if time is None:
        return None
    seconds = view.now - nanoseconds(time) / 1e9
    return duration(seconds) if seconds >= 0 else None
