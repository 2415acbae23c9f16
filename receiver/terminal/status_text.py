"""The state of a receiver on one screen: the verdict first, then only what needs a
person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from receiver.core.causes import Cause
from receiver.terminal.pause_text import pause_line, resume_command
from receiver.terminal.words import (
    argument,
    columns,
    counted,
    duration,
    epoch,
    listed,
    moment,
    note,
    place,
    printable,
)

Document: TypeAlias = Mapping[str, Any]

WELL = "well"
_STATES = {
    "in_sync": "in sync",
    "pending": "pending",
    "parked": "parked",
    "conflict": "conflict",
    "held": "held",
    "drifted": "drifted",
    "orphaned": "orphaned",
    "deleting": "being deleted",
}
_NEEDING = ("parked", "conflict", "held")
_MOST_ROWS = 20


def status_text(status: Document, now: float) -> str:
    """The screen; ``now`` is in epoch seconds."""
    facts = [
        ("secrets", _secrets(status)),
        ("lag, last hour", _lag(status["lag"])),
        ("reconcile", _reconcile(status["reconcile"])),
        ("forwarders", _forwarders(status["forwarders"], now)),
        *(("brake", line) for line in _brakes(status)),
        *(("paused", line) for line in _paused(status["paused"])),
        *(("fault", note(one)) for one in status["faults"]),
        *(("warning", note(one)) for one in status.get("warnings", ())),
    ]
    parts = [
        _verdict(status) + _which(status),
        *columns(facts, indent=""),
        *_needs(status, now),
    ]
    return "\n".join(parts)


def _which(status: Document) -> str:
    """Of which receiver, as far as it says."""
    parts = [printable(status["source"])] if status.get("source") else []
    if (uptime := status.get("uptime_seconds")) is not None:
        parts.append(f"up {duration(uptime)}")
    if version := status.get("version"):
        parts.append(printable(version))
    return "   " * bool(parts) + ", ".join(parts)


def _verdict(status: Document) -> str:
    states = status["states"]
    pending = states["pending"]
    rest = f"{pending:,} on the way" if pending else ""
    if status["verdict"] == WELL and status["paused"]:
        what = listed(_what_is_paused(status["paused"]))
        return f"PAUSED  {what}; {rest or 'nothing waits'}."
    if status["verdict"] == WELL:
        secrets = counted(states["in_sync"], "secret is", "secrets are")
        return "; ".join(filter(None, [f"WELL  {secrets} in sync", rest])) + "."
    needing = _needing(status)
    wrong = [counted(needing, "secret needs", "secrets need") + " you"] * bool(needing)
    if faults := len(status["faults"]):
        wrong.append(counted(faults, "fault"))
    wrong += _what_is_paused(status["paused"])
    what = listed(wrong) or "look at what is said below"
    return f"ATTENTION  {what}; {rest or 'everything else is in sync'}."


def _what_is_paused(pauses: Sequence[Document]) -> list[str]:
    rules = [one["rule"] for one in pauses if one.get("path") is None]
    if None in rules:
        return ["replication is paused"]
    secrets = len(pauses) - len(rules)
    return [
        *[counted(len(rules), "rule is", "rules are") + " paused"] * bool(rules),
        *[counted(secrets, "secret is", "secrets are") + " paused"] * bool(secrets),
    ]


def _secrets(status: Document) -> str:
    parts = [f"{name} {status['states'][key]:,}" for key, name in _STATES.items()]
    if (oldest := status["oldest_pending_seconds"]) is not None:
        parts[1] += f" (oldest {duration(oldest)})"
    return "   ".join(parts)


def _lag(lag: Document) -> str:
    names = ("p50", "p95", "p99")
    known = [f"{name} {duration(lag[name])}" for name in names if lag[name] is not None]
    if not known:
        return "nothing has changed"
    if (share := lag.get("within_slo")) is not None:
        changes = counted(lag["changes"], "change")
        known.append(f"({changes}, {_percent(share)} within 1 s)")
    return "   ".join(known)


def _percent(share: float) -> str:
    """Rounded down: only all of them are 100 %."""
    return f"{int(share * 1000) / 10:g} %"


def _reconcile(last: Document) -> str:
    if last.get("last") is None:
        return "none has ended yet"
    parts = [moment(last["last"])]
    if (seconds := last.get("seconds")) is not None:
        parts.append(f"took {duration(seconds)}")
    if (compared := last.get("compared")) is not None:
        parts.append(f"{compared:,} compared")
    parts += _done_by(last.get("differing") or {})
    if (following := last.get("next")) is not None:
        parts.append(f"next {moment(following)[11:]}")
    return ", ".join(parts)


def _done_by(differing: Document) -> list[str]:
    return [f"{count:,} {note(kind)}" for kind, count in differing.items() if count]


def _forwarders(forwarders: Iterable[Document], now: float) -> str:
    heard = []
    for one in forwarders:
        seen = epoch(one["last_seen"])
        ago = "" if seen is None else f" {duration(now - seen)} ago"
        gaps = f", {counted(one['gaps'], 'gap')}" if one["gaps"] else ""
        heard.append(f"{printable(one['name'])}{ago}{gaps}")
    return "   ".join(heard) or "none heard of yet"


def _brakes(status: Document) -> list[str]:
    """Those that are on, or how near the rules are to theirs."""
    if status["brake"]:
        return [_brake(one) for one in status["brake"]]
    made = [
        f"{printable(one['rule'])} {one['made']:,} of {one['most']:,}"
        for one in status.get("deletes", ())
        if one["made"]
    ]
    return [f"clear ({', '.join(made) or 'no'} deletes this hour)"]


def _paused(pauses: Sequence[Document]) -> list[str]:
    return [f"{pause_line(one)}; {resume_command(one)}" for one in pauses] or ["no"]


def _brake(one: Document) -> str:
    rule = printable(one["rule"])
    says = f"{rule}: {one['held']:,} held, {note(one['reason'])}"
    release = note(one.get("release"))
    return f"{says}; {release}" if release else says


def _needs(status: Document, now: float) -> list[str]:
    needing = status["needs_you"]
    if not needing:
        return []
    rows = [("NEEDS YOU", "SINCE", "CAUSE", "DO")]
    for item in needing[:_MOST_ROWS]:
        since = epoch(item.get("since"))
        age = "" if since is None else duration(now - since)
        rows.append((place(item), age, printable(item.get("cause") or ""), _do(item)))
    lines = ["", *columns(rows, indent="")]
    if (left_out := _needing(status) - min(len(needing), _MOST_ROWS)) > 0:
        lines.append(f"… and {left_out:,} more: vault-replicator list --state parked")
    return lines


def _needing(status: Document) -> int:
    """How many: the list is capped, and what was parked in the queue alone is in no
    state."""
    in_states: int = sum(status["states"][state] for state in _NEEDING)
    return max(in_states, len(status["needs_you"]))


def _do(item: Document) -> str:
    if item.get("cause") in (Cause.CONFLICT_FOREIGN, Cause.CONFLICT_SOURCE):
        return f"vault-replicator adopt {argument(item)}"
    who_does = (item.get("who"), item.get("do"))
    return ": ".join(note(part) for part in who_does if part)
