"""The answer as one document, of which text, JSON and page are made. Pure.

Of several places the first that is not well is told in full, and the others in a line
each. Nothing in it is a value.
"""

from __future__ import annotations

from typing import Any

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES, Verdict, commands
from receiver.core.state import Entry
from receiver.explain.diagnosis import Diagnosis, diagnose, unplaced
from receiver.explain.snapshot import Look, Snapshot, Unasked
from receiver.explain.stages import Stage, moment, stages, unplaced_stages

FORMAT_VERSION = 1
_RUNBOOK = "docs/causes.md"
_MOST_HISTORY = 10
_ONE_ROUND = 2.0


def explain(snap: Snapshot) -> dict[str, Any]:
    """The document: where, verdict, who must act and how, stages, history."""
    judged = [(look, diagnose(snap, look)) for look in snap.looks]
    if not judged:
        found = unplaced(snap)
        told = unplaced_stages(snap, found)
        return _document(snap, None, found, told) | {"others": []}
    ailing = [one for one in judged if one[1].cause is not Cause.IN_SYNC]
    look, found = (ailing or judged)[0]
    others = [_other(*one) for one in judged if one[0] is not look]
    told = stages(snap, look, found)
    return _document(snap, look, found, told) | {"others": others}


def _document(
    snap: Snapshot, look: Look | None, found: Diagnosis, told: list[Stage]
) -> dict[str, Any]:
    remedy = REMEDIES[found.cause]
    command, then = commands(remedy, snap.ref, look.rule.name if look else None)
    return {
        "format_version": FORMAT_VERSION,
        "namespace": snap.ref.namespace,
        "mount": snap.ref.mount,
        "path": snap.ref.path,
        "reading": snap.reading,
        "rule": look.rule.name if look else None,
        "name": (look.spot.place.name or None) if look else None,
        "region": look.spot.place.region if look else None,
        "verdict": _verdict(snap, found),
        "cause": found.cause,
        "says": remedy.says,
        "detail": found.detail,
        "who": remedy.who,
        "do": remedy.do,
        "command": command,
        "then": then,
        "runbook": f"{_RUNBOOK}#{found.cause.lower()}",
        "attempts": _attempts(snap),
        "due": _due(snap),
        "stages": [
            {"stage": one.name, "is": one.mark, "says": one.says} for one in told
        ],
        "history": _history(snap, look),
        "not_asked": _not_asked(snap, look),
    }


def _verdict(snap: Snapshot, found: Diagnosis) -> Verdict:
    """What is tried again by itself waits, whatever it failed with."""
    usual, queue = REMEDIES[found.cause].verdict, snap.queue
    if usual is not Verdict.STOPPED or queue is None or queue.parked:
        return usual
    is_tried_again = queue.is_pending(snap.now) and queue.cause == found.cause
    return Verdict.WAITING if is_tried_again else usual


def _attempts(snap: Snapshot) -> int:
    return snap.queue.attempts if snap.queue else 0


def _due(snap: Snapshot) -> str | None:
    queue = snap.queue
    if queue is None or queue.parked or not queue.is_pending(snap.now):
        return None
    return moment(queue.due)


def _other(look: Look, found: Diagnosis) -> dict[str, Any]:
    place = look.spot.place
    return {
        "rule": place.rule.name,
        "name": place.name or None,
        "region": place.region,
        "cause": found.cause,
    }


def _history(snap: Snapshot, look: Look | None) -> list[dict[str, str]]:
    """What happened to it, newest first, as far as anybody wrote it down."""
    told: list[tuple[float, str]] = []
    for entry in [look.entry] if look and look.entry else snap.left_behind:
        told += _of_entry(entry)
    told += [(deed.at, f"{deed.by} ordered {deed.what}") for deed in snap.deeds]
    told.sort(reverse=True)
    return [{"at": moment(at), "what": what} for at, what in told[:_MOST_HISTORY]]


def _of_entry(entry: Entry) -> list[tuple[float, str]]:
    version = f"v{entry.version}" if entry.version is not None else "a value"
    lag = f", {entry.lag:.2g} s after it was written" if entry.lag else ""
    why = f" ({entry.cause})" if entry.cause else ""
    told: list[tuple[float, str]] = []
    for at, what in (
        (entry.applied_at, f"{version} applied{lag}"),
        (entry.state_since, f"{entry.state.replace('_', ' ')}{why}"),
        (entry.checked_at, "looked at"),
    ):
        # One round does all three, and is told once.
        if at and not any(abs(at - other) < _ONE_ROUND for other, _ in told):
            told.append((at, what))
    return told


def _not_asked(snap: Snapshot, look: Look | None) -> list[str]:
    asked = {"vault": snap.vault, "aws": look.aws if look else None}
    return [
        f"{whom}: {says.why}"
        for whom, says in asked.items()
        if isinstance(says, Unasked)
    ]
