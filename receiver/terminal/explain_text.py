"""One secret on one screen: the verdict first, then the way it goes, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from receiver.terminal.words import columns, counted, duration, epoch, note, printable

Document: TypeAlias = Mapping[str, Any]

_MARKS = {"ok": "✔", "wrong": "✗", "waits": "…", "unknown": "?"}
_NOBODY = "nobody"
_WELL = "IN_SYNC"


def explain_text(document: Document, now: float) -> str:
    """The screen; ``now`` is in epoch seconds."""
    parts = [_verdict(document, now), *_reading(document), *_stages(document)]
    parts += columns(_rest(document, now), indent=" ", gap="  ")
    return "\n".join(parts)


def _verdict(document: Document, now: float) -> str:
    cause = document["cause"]
    code = "" if cause == _WELL else f" ({printable(cause)})"
    first = f"{document['verdict']}: {note(document['says'])}{code}."
    who = document["who"]
    acts = "Nobody has to act." if who == _NOBODY else f"{note(who)}: see below."
    return " ".join(filter(None, [first, _attempts(document, now), acts]))


def _attempts(document: Document, now: float) -> str:
    tried, due = document["attempts"], epoch(document["due"])
    parts = [f"Tried {counted(tried, 'time')}"] if tried else []
    if due is not None:
        soon = due - now
        parts.append(f"next in {duration(soon)}" if soon > 0 else "next at once")
    return ", ".join(parts)[:1].upper() + ", ".join(parts)[1:] + "." * bool(parts)


def _reading(document: Document) -> list[str]:
    reading = document["reading"]
    return [f" ({note(reading)})"] if reading else []


def _stages(document: Document) -> list[str]:
    rows = [
        (
            f"{number} {stage['stage']}",
            _MARKS.get(stage["is"], "?"),
            note(stage["says"]),
        )
        for number, stage in enumerate(document["stages"], 1)
    ]
    return columns(rows, indent=" ")


def _rest(document: Document, now: float) -> list[tuple[str, str]]:
    rows = []
    if document["cause"] != _WELL:
        do = f"{note(document['who'])}: {note(document['do'])}"
        rows.append(("do", do))
    rows += [
        (name, note(document[key]))
        for name, key in (("run", "command"), ("then", "then"))
        if document[key]
    ]
    rows += [("also", _other(one)) for one in document["others"]]
    rows += [("unsure", note(one)) for one in document["not_asked"]]
    if history := [_event(one, now) for one in document["history"]]:
        rows.append(("history", " · ".join(history)))
    rows.append(("more", note(document["runbook"])))
    return rows


def _other(one: Document) -> str:
    name = note(one["name"] or "without a name")
    where = f"{name} in {note(one['region'])}"
    return f"rule {note(one['rule'])}: {where}: {note(one['cause'])}"


def _event(event: Document, now: float) -> str:
    at = epoch(event["at"])
    ago = "" if at is None else f"{duration(now - at)} ago "
    return f"{ago}{note(event['what'])}"
