"""What AWS's listing is good for: what it proves, and when it is too old to be heard.

It may be five minutes behind, in both directions, and it tells nothing of replicas.
"""

from __future__ import annotations

from dataclasses import replace

from receiver.core.attributes import Changes, changes, from_text
from receiver.core.comparison.case import LISTING_LAG, Case, View
from receiver.core.fingerprint import SEAL
from receiver.core.state import Entry, Observed, State

#: Our clock and AWS's differ a little.
_SKEW = 5.0


def is_lagging(entry: Entry | None, observed: Observed | None, view: View) -> bool:
    """Whether AWS's listing may be from before what we last did."""
    if view.is_fresh or entry is None or entry.applied_at is None:
        return False
    if view.now - entry.applied_at > LISTING_LAG:
        return False
    if observed is None or observed.changed_at is None:
        return True
    return observed.changed_at <= entry.applied_at + _SKEW


def proven(case: Case, observed: Observed, view: View) -> Entry:
    """What the journal should hold, now that AWS's listing has proven it."""
    old = case.entry or case.blank(State.IN_SYNC)
    now_known = replace(
        old,
        state=State.IN_SYNC,
        cause=None,
        detail="",
        arn=observed.arn,
        version=case.truth.version,
        created_time=case.truth.created_time,
        deletion_time=case.truth.deletion_time,
        accessor=case.truth.accessor or old.accessor,
        version_id=observed.current,
        attributes=view.texts[case.rule.name],
    )
    if now_known == case.entry:
        return now_known
    at = old.applied_at if old.applied_at is not None else observed.changed_at
    return replace(now_known, applied_at=at, checked_at=view.now)


def may_lack_replicas(case: Case) -> bool:
    """A listing does not tell of replicas: what was applied is believed."""
    spec = case.rule.target
    before = case.entry and from_text(case.entry.attributes, region=spec.region)
    last = before.replicas if before else ()
    return set(last) != set(spec.replicas)


def changes_of(case: Case, observed: Observed, view: View) -> Changes:
    """What besides the value is not as the rule says."""
    seal = view.prints.seal(observed.arn, view.source, case.ref)
    must = {**case.place(view.source).owner_tags(), SEAL: seal}
    before = case.entry.attributes if case.entry else None
    return changes(case.rule.target, observed, before, must)


def is_believed(entry: Entry | None, observed: Observed, todo: Changes) -> bool:
    """Whether AWS is what the journal believes, so that a worker need not ask."""
    return (
        entry is not None
        and entry.state is State.IN_SYNC
        and not observed.deleting
        and (entry.arn, entry.version_id) == (observed.arn, observed.current)
        and not todo
    )
