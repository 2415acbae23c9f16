"""What stands at no place of today's rules: told as orphaned, and left alone.

A worker marks it, ends it when somebody has decided so, and forgets it once AWS does
not hold it any more.
"""

from __future__ import annotations

from dataclasses import replace

from receiver.core.causes import Cause
from receiver.core.comparison.case import LISTING_LAG, View
from receiver.core.comparison.differences import Kind
from receiver.core.comparison.finding import Finding, difference_of
from receiver.core.plan import owner_tags
from receiver.core.state import Entry, Observed, State


def compare_left_behind(
    entry: Entry, observed: Observed | None, view: View, *, was_listed: bool
) -> Finding | None:
    """``was_listed``: AWS's listing of its account was read, so that ``observed``
    None means that it is not there."""
    looked_at = Finding(ref=entry.ref, entry=entry, look=True, doubt=True)
    if entry.arn is None:
        return looked_at
    if was_listed and observed is None:
        return None if _is_new(entry, view) else looked_at
    if observed is not None and _is_another(entry, observed, view):
        return looked_at
    has_decision = entry.decision is not None
    if entry.state is State.DELETING:
        is_live = observed is not None and not observed.deleting
        return looked_at if has_decision or is_live else None
    kind, cause = Kind.ORPHANED, entry.cause
    if entry.state is State.HELD:
        kind = Kind.HELD
    is_marked = entry.state in (State.ORPHANED, State.HELD)
    detail = entry.detail if is_marked else "no rule speaks for it any more"
    told = difference_of(entry, kind, detail, cause if is_marked else Cause.NO_RULE)
    look = has_decision or not is_marked
    return Finding(
        ref=entry.ref, entry=entry, difference=told, look=look, doubt=has_decision
    )


def compare_homeless(entry: Entry, view: View) -> Finding | None:
    """Its mount is not there any more: moved, disabled, or hidden from our token.
    Nothing is deleted for that, not even by a prune."""
    if entry.arn is None or entry.state is State.DELETING:
        return None
    why = "its mount is not there any more"
    told = difference_of(entry, Kind.ORPHANED, why, Cause.MOUNT_UNKNOWN)
    orphaned = replace(
        entry,
        state=State.ORPHANED,
        cause=Cause.MOUNT_UNKNOWN,
        detail=why,
        checked_at=view.now,
    )
    is_told = (entry.state, entry.cause) == (orphaned.state, orphaned.cause)
    return Finding(
        ref=entry.ref,
        entry=entry,
        difference=told,
        record=None if is_told else orphaned,
    )


def _is_another(entry: Entry, observed: Observed, view: View) -> bool:
    owner = owner_tags(view.source, entry.ref)
    is_ours = owner.items() <= observed.tags.items()
    return not is_ours or (observed.deleting and entry.state is not State.DELETING)


def _is_new(entry: Entry, view: View) -> bool:
    at = entry.applied_at
    return at is not None and view.now - at <= LISTING_LAG
