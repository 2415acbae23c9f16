"""Why a value has to be written, in words: Vault went on, or AWS was changed by hand.

The difference matters to people, and to the brakes: where Vault has nothing new and
nobody touched AWS, it is the rule that asks for other bytes.
"""

from __future__ import annotations

from receiver.core.actions import InSync, MakeCurrent, Put
from receiver.core.comparison.case import Case, View
from receiver.core.comparison.compare_known import behind, went_back
from receiver.core.comparison.differences import Kind, duration, version_in
from receiver.core.comparison.finding import Mass
from receiver.core.state import Observed, Value


def tell_write(
    case: Case, action: InSync | Put | MakeCurrent, observed: Observed, view: View
) -> tuple[Kind, str, Mass | None]:
    """What a write is called, why it is needed, and what it counts towards."""
    ago = _ago(observed, view)
    if action.restore:
        return Kind.RESTORE, "its deletion is scheduled in AWS", None
    if isinstance(action, Put) and action.seal:
        return Kind.REPAIR, f"it carries no seal of ours; changed in AWS{ago}", None
    if isinstance(action, MakeCurrent):
        return Kind.REPAIR, f"another version was made current in AWS{ago}", None
    if _was_applied(case, observed, view):
        return Kind.REPAIR, f"edited in AWS{ago}", None
    return _update(case, observed, view)


def _update(
    case: Case, observed: Observed, view: View
) -> tuple[Kind, str, Mass | None]:
    truth, there = case.truth, version_in(observed.current)
    assert isinstance(truth, Value)
    subject = case.place(view.source).subject(truth)
    if view.prints.nonce_of(subject, observed.current) is not None:
        return Kind.UPDATE, "made with a former fingerprint key", None
    if truth.version is None:
        return Kind.UPDATE, "", None
    if there == truth.version:
        why = "the rule makes another value of the same version"
        return Kind.UPDATE, why, Mass.REWRITE
    is_older = case.entry is None and there is not None and there > truth.version
    if is_older or went_back(case):
        why = "Vault has an older version than AWS"
        return Kind.UPDATE, why, Mass.WENT_BACK
    if there is None and case.entry is None:
        return Kind.REPAIR, f"edited in AWS{_ago(observed, view)}", None
    return Kind.UPDATE, behind(case, view), None


def _was_applied(case: Case, observed: Observed, view: View) -> bool:
    """Whether we put there what Vault says now, and it is not there any more."""
    entry, truth = case.entry, case.truth
    if entry is None or not isinstance(truth, Value):
        return False
    if entry.version_id == observed.current:
        return False
    if case.is_unread:
        return True
    subject = case.place(view.source).subject(truth)
    return view.prints.nonce_of(subject, entry.version_id) is not None


def _ago(observed: Observed, view: View) -> str:
    if observed.changed_at is None or observed.changed_at > view.now:
        return ""
    return f" {duration(view.now - observed.changed_at)} ago"
