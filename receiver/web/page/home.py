"""The first page: what the status document says, in the order in which people ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from receiver.terminal.pause_text import what_is_paused
from receiver.terminal.words import counted, duration, epoch, note, printable
from receiver.web.page.links import to_list
from receiver.web.page.moments import When, when
from receiver.web.page.needs import Need, needs
from receiver.web.page.rows import STATES
from receiver.web.page.verdict import NEEDING, Verdict, verdict

#: A forwarder beats every 30 s; two beats may be lost.
_SILENT_AFTER = 90.0


@dataclass(frozen=True, slots=True)
class Card:
    """A state's number, linked to its list. ``weight`` is none, plain or needing."""

    mark: str
    says: str
    count: int
    url: str
    weight: str
    note: str


@dataclass(frozen=True, slots=True)
class Brake:
    """A rule whose deletes are held."""

    rule: str
    held: int
    reason: str
    release: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is written, on whose word, and until when."""

    what: str
    reason: str
    by: str
    since: When | None
    until: When | None


@dataclass(frozen=True, slots=True)
class ForwarderLine:
    """``entry`` is the last audit entry that it saw; ``gaps`` are still open there."""

    name: str
    seen: When | None
    is_silent: bool
    entry: When | None
    gaps: int
    spool: int
    version: str


@dataclass(frozen=True, slots=True)
class Reconcile:
    """One comparison of both sides, and what it found."""

    at: When | None
    took: str
    says: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """The page. ``warnings`` need nobody yet; ``deletes`` is how near to its brake
    each rule is that has deleted something."""

    verdict: Verdict
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    deletes: tuple[str, ...]
    cards: tuple[Card, ...]
    brakes: tuple[Brake, ...]
    pauses: tuple[Pause, ...]
    needs: tuple[Need, ...]
    forwarders: tuple[ForwarderLine, ...]
    reconciles: tuple[Reconcile, ...]


def home(
    status: Mapping[str, Any], reconciles: Sequence[Mapping[str, Any]], now: float
) -> Home:
    """Of a status document, and of the last comparisons, the newest first."""
    return Home(
        verdict=verdict(status),
        faults=tuple(note(one) for one in status["faults"]),
        warnings=tuple(note(one) for one in status["warnings"]),
        deletes=tuple(_deletes(one) for one in status["deletes"] if one["made"]),
        cards=tuple(_card(mark, status) for mark in STATES),
        brakes=tuple(_brake(one) for one in status["brake"]),
        pauses=tuple(_pause(one, now) for one in status["paused"]),
        needs=needs(status, now),
        forwarders=tuple(_forwarder(one, now) for one in status["forwarders"]),
        reconciles=tuple(_reconcile(one, now) for one in reconciles),
    )


def _card(mark: str, status: Mapping[str, Any]) -> Card:
    count = status["states"][mark]
    weight = "none" if not count else "needing" if mark in NEEDING else "plain"
    oldest = status["oldest_pending_seconds"] if mark == "pending" else None
    about = "" if oldest is None else f"oldest {duration(oldest)}"
    return Card(mark, STATES[mark], count, to_list(state=mark), weight, about)


def _brake(one: Mapping[str, Any]) -> Brake:
    return Brake(
        printable(one["rule"]), one["held"], note(one["reason"]), note(one["release"])
    )


def _deletes(one: Mapping[str, Any]) -> str:
    """How near a rule is to its brake."""
    deletes = counted(one["most"], "delete")
    return f"{printable(one['rule'])} {one['made']:,} of {deletes} this hour"


def _pause(one: Mapping[str, Any], now: float) -> Pause:
    return Pause(
        what=printable(what_is_paused(one)),
        reason=note(one["reason"]),
        by=printable(one["by"]),
        since=when(one["since"], now),
        until=when(one["until"], now),
    )


def _forwarder(one: Mapping[str, Any], now: float) -> ForwarderLine:
    seen = epoch(one["last_seen"])
    return ForwarderLine(
        name=printable(one["name"]),
        seen=when(seen, now),
        is_silent=seen is None or now - seen > _SILENT_AFTER,
        entry=when(one["last_entry_time"], now),
        gaps=one["gaps"],
        spool=one["spool"],
        version=printable(one["version"] or ""),
    )


def _reconcile(one: Mapping[str, Any], now: float) -> Reconcile:
    """What differed is what was put right, but for what its failures name."""
    found = [f"{count:,} {kind}" for kind, count in one["differing"].items() if count]
    compared = counted(one["compared"], "secret") + " compared"
    incomplete = "incomplete, " if one["failures"] else ""
    return Reconcile(
        at=when(one["last"], now),
        took=duration(one["seconds"]),
        says=f"{incomplete}{compared}: {', '.join(found) or 'nothing differed'}",
        problems=tuple(note(text) for text in (*one["failures"], *one["warnings"])),
    )
