"""One secret on one page: what Vault had, what AWS holds, and what happens next.

All of it is what the journal and the queue know. Neither Vault nor AWS is asked, so
the page opens at once, also when they are away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES, Remedy
from receiver.core.state import Entry, SecretRef, State
from receiver.places import Survey
from receiver.ports import Deed
from receiver.terminal.words import duration, note, printable
from receiver.web.page.links import Links, picked
from receiver.web.page.moments import When, when
from receiver.web.page.rows import STATES

_NEXT = {
    State.IN_SYNC: "nothing to do: the next change in Vault follows by itself",
    State.PENDING: "a worker looks at it as soon as it is its turn",
    State.PARKED: "it is tried again on a change in Vault, with each reconcile, and "
    "when somebody retries it",
    State.CONFLICT: "nothing is written before somebody adopts it, or AWS's secret of "
    "this name is gone",
    State.HELD: "it stands still until somebody lets it go, by a plan",
    State.DRIFTED: "it is put back by itself",
    State.ORPHANED: "its value stays in AWS until it is pruned",
    State.DELETING: "AWS deletes it at the end of its recovery window; a new version "
    "in Vault restores it",
}
_VERBS = {State.PARKED: ("retry",), State.CONFLICT: ("adopt", "retry")}


@dataclass(frozen=True, slots=True)
class Known:
    """What has been found out besides the entries. ``failing`` is the cause of the
    last failure while it waits in the queue, empty if none, None: it does not wait."""

    failing: str | None
    made: Mapping[str, Sequence[float]]
    deeds: Sequence[Deed]


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the history."""

    at: When
    says: str


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one side, as name and value."""

    facts: tuple[tuple[str, str | When], ...]
    url: str | None


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of the secret in AWS, and how it stands there."""

    rule: str
    name: str
    mark: str
    says: str
    since: When | None
    cause: str
    detail: str
    remedy: Remedy | None
    following: str
    decision: str
    verbs: tuple[str, ...]
    vault: Side
    aws: Side


@dataclass(frozen=True, slots=True)
class SecretView:
    """The page."""

    ref: str
    pick: str
    places: tuple[PlaceView, ...]
    history: tuple[Happening, ...]


def view(
    ref: SecretRef, seen: Survey, known: Known, *, links: Links, now: float
) -> SecretView:
    """``seen`` are its places of today, and those it was left behind at."""
    entries = [
        _at_spot(
            spot.entry or spot.blank(State.PENDING),
            spot.problem.cause if spot.problem else None,
            spot.problem.detail if spot.problem else "",
        )
        for spot in seen.spots
    ]
    entries += seen.left_behind
    places = tuple(_place(entry, known, links, now) for entry in entries)
    return SecretView(
        printable(ref), picked(ref), places, _history(entries, known, now)
    )


def is_about(deed: Deed, ref: SecretRef) -> bool:
    """Whether an order named this secret alone."""
    about = json.loads(deed.about)
    if not isinstance(about, dict) or not isinstance(about.get("path"), str):
        return False
    named = (about.get("namespace"), about.get("mount"), about["path"])
    said = "/".join(str(part).strip("/") for part in named if part)
    # MOUNT/PATH may have been written with the data/ of an API path.
    return said in (str(ref), str(replace(ref, path=f"data/{ref.path}")))


def _at_spot(entry: Entry, cause: str | None, detail: str) -> Entry:
    """No round can change a name that AWS cannot hold."""
    if cause is None:
        return entry
    return replace(entry, state=State.PARKED, cause=cause, detail=detail)


def _place(entry: Entry, known: Known, links: Links, now: float) -> PlaceView:
    waits = known.failing is not None
    mark = State.PENDING if waits else entry.state
    cause = (known.failing if waits else entry.cause) or ""
    is_new = mark is State.PENDING and not waits
    following = "no change of it has been seen yet" if is_new else _NEXT[mark]
    if waits and cause:
        following = "it failed and is tried again, each time a little later"
    return PlaceView(
        rule=printable(entry.rule),
        name=printable(entry.name) or "no name that AWS could hold",
        mark="unknown" if is_new else mark,
        says="not seen yet" if is_new else STATES[mark],
        since=_known(entry.state_since, now),
        cause=printable(cause),
        detail=note(entry.detail) if cause == (entry.cause or "") else "",
        remedy=REMEDIES[Cause(cause)] if cause in set(Cause) else None,
        following=following,
        decision=_decision(entry),
        verbs=_VERBS.get(entry.state, ()) if not is_new else (),
        vault=_vault(entry, links, now),
        aws=_aws(entry, links, now),
    )


def _decision(entry: Entry) -> str:
    if entry.decision is None:
        return ""
    return f"{entry.decision}, ordered by {printable(entry.decided_by)}"


def _vault(entry: Entry, links: Links, now: float) -> Side:
    facts = {
        "namespace": entry.ref.namespace or "the root",
        "mount": entry.ref.mount,
        "path": entry.ref.path,
        "version": "" if entry.version is None else str(entry.version),
        "written": when(entry.created_time, now) or "",
        "deleted": when(entry.deletion_time, now) or "",
        "last looked at": _known(entry.checked_at, now) or "",
    }
    return Side(_given(facts), links.to_vault(entry.ref))


def _aws(entry: Entry, links: Links, now: float) -> Side:
    is_there = entry.arn is not None
    facts = {
        "name": entry.name,
        "Region": entry.region,
        "ARN": entry.arn or "AWS is not known to hold it",
        "version id": entry.version_id or "",
        "written": _known(entry.applied_at, now) or "",
        "lag": "" if entry.lag is None else duration(entry.lag),
    }
    url = links.to_aws(entry.name, entry.region) if is_there else None
    return Side(_given(facts), url)


def _given(facts: Mapping[str, str | When]) -> tuple[tuple[str, str | When], ...]:
    return tuple(
        (name, printable(value) if isinstance(value, str) else value)
        for name, value in facts.items()
        if value
    )


def _known(at: float | None, now: float) -> When | None:
    return when(at, now) if at else None


def _history(
    entries: Sequence[Entry], known: Known, now: float
) -> tuple[Happening, ...]:
    """The newest first. Of what was written, the versions of the last day."""
    happened: dict[tuple[float, str], None] = {}
    for entry in entries:
        under = f" ({entry.rule})" if len(entries) > 1 else ""
        if entry.applied_at:
            version = "" if entry.version is None else f" v{entry.version}"
            took = "" if entry.lag is None else f", {duration(entry.lag)} after Vault"
            happened[entry.applied_at, f"wrote{version} to AWS{took}{under}"] = None
        for at in known.made.get(entry.rule, ()):
            if at != entry.applied_at:
                happened[at, f"wrote a version to AWS{under}"] = None
        if entry.state_since:
            cause = f": {entry.cause}" if entry.cause else ""
            says = f"became {STATES[entry.state]}{cause}{under}"
            happened[entry.state_since, says] = None
    for deed in known.deeds:
        happened[deed.at, f"{deed.what}, ordered by {deed.by}"] = None
    lines = sorted(happened, reverse=True)
    moments = [(when(at, now), printable(says)) for at, says in lines]
    return tuple(Happening(at, says) for at, says in moments if at is not None)
