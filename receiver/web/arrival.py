"""Whether a version has arrived in AWS: what can be said from what is known now.

Pure. "In sync" alone would be true of the version before; so a version is asked for,
or else a round that began after the request, which reads what is current then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from receiver.core.causes import Cause
from receiver.core.pause import Pause
from receiver.core.state import Entry, SecretRef, State
from receiver.web.items import moment
from receiver.web.remedies import remedy, remedy_of

_STOPPED = (State.PARKED, State.CONFLICT, State.HELD)
_AWAY = (State.DELETING, State.ORPHANED)
#: Orphans of a person's making: Vault may well hold something newer.
_LET_GO = (Cause.RELEASED, Cause.OPTED_OUT)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is waited for: ``version`` or a newer one (None: what is current at
    ``since``, in epoch seconds) of ``ref`` in AWS."""

    ref: SecretRef
    version: int | None
    since: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and its body; ``final`` when waiting cannot change it."""

    status: int
    body: dict[str, Any]
    final: bool = True


def judge(goal: Goal, rule: str, entry: Entry | None, failing: str | None) -> Answer:
    """What can be said of ``goal`` under one rule.

    ``failing`` is the cause of the last failure while the reference is queued, None
    when it is not.
    """
    about = {"rule": rule, **_describe(entry)}
    if failing is not None and not _is_there(goal, entry, queued=True):
        waiting = {**about, "state": State.PENDING, "cause": failing or None}
        return Answer(202, waiting, final=False)
    if entry is None:
        return Answer(404, {"error": "Vault holds no such secret", **about})
    if entry.state in _STOPPED or entry.cause in _LET_GO:
        why = {"detail": entry.detail, **remedy_of(entry)}
        return Answer(409, {"error": "somebody must act", **about, **why})
    if entry.state in _AWAY:
        if goal.version is None:
            return Answer(200, about)
        return Answer(409, {"error": "Vault has deleted it since", **about})
    if _is_there(goal, entry, queued=failing is not None):
        return Answer(200, about)
    return Answer(202, {**about, "state": State.PENDING}, final=False)


def held_up(answer: Answer, pause: Pause) -> Answer:
    """In the place of one that says "not yet": nobody need wait for that."""
    until = moment(pause.until)
    why = {
        "error": "its rule is paused",
        "cause": Cause.PAUSED,
        "detail": f"paused by {pause.by} until {until}: {pause.reason}",
        "until": until,
    }
    return Answer(409, {**answer.body, **why, **remedy(Cause.PAUSED)})


def _is_there(goal: Goal, entry: Entry | None, *, queued: bool) -> bool:
    """While the reference is queued, only a round that ended since the request tells
    anything, and only of a version: it may have begun before."""
    if entry is None or entry.state is not State.IN_SYNC:
        return False
    if queued and (goal.version is None or entry.checked_at < goal.since):
        return False
    if goal.version is None or entry.version is None:
        return True  # KV v1 has no versions; what is in sync is the only one there is
    return entry.version >= goal.version


def _describe(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {"state": None}
    return {
        "state": entry.state,
        "name": entry.name,
        "version": entry.version,
        "version_id": entry.version_id,
        "lag_seconds": entry.lag,
        "cause": entry.cause,
    }
