"""One secret on one screen: the verdict first, then the way it goes, stage by stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from receiver.terminal.words import (
    columns,
    counted,
    duration,
    epoch,
    moment,
    note,
    printable,
)

Document: TypeAlias = Mapping[str, Any]

_MARKS = {"ok": "✔", "wrong": "✗", "waits": "…", "unknown": "?"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_NOBODY = "nobody"
_WELL = "IN_SYNC"


def explain_text(document: Document, now: float) -> str:
    """The screen; ``now`` is in epoch seconds."""
    parts = [_verdict(document, now), *_reading(document), *_stages(document, now)]
    parts += columns(_rest(document, now), indent=" ", gap="  ")
    return "\n".join(parts)


def _verdict(document: Document, now: float) -> str:
    cause = document["cause"]
    code = "" if cause == _WELL else f" ({printable(cause)})"
    first = f"{document['verdict']}: {note(document['says'])}{code}."
    who = document["who"]
    acts = (
        "Nobody has to act." if who == _NOBODY else f"{_begun(note(who))}: see below."
    )
    return " ".join(filter(None, [first, _attempts(document, now), acts]))


def _attempts(document: Document, now: float) -> str:
    tried, due = document["attempts"], epoch(document["due"])
    parts = [f"Tried {counted(tried, 'time')}"] if tried else []
    if due is not None:
        soon = due - now
        parts.append(f"next in {duration(soon)}" if soon > 0 else "next at once")
    return _begun(", ".join(parts)) + "." * bool(parts)


def _begun(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]


def _reading(document: Document) -> list[str]:
    reading = document["reading"]
    return [f" ({note(reading)})"] if reading else []


def _stages(document: Document, now: float) -> list[str]:
    rows = [
        (
            f"{number} {stage['stage']}",
            _MARKS.get(stage["is"], "?"),
            _timed(note(stage["says"]), now),
        )
        for number, stage in enumerate(document["stages"], 1)
    ]
    return columns(rows, indent=" ")


def _timed(says: str, now: float) -> str:
    """Each time with how far it is from now."""

    def told(found: re.Match[str]) -> str:
        away = (epoch(found[0]) or now) - now
        far = f"in {duration(away)}" if away > 0 else f"{duration(-away)} ago"
        return f"{moment(found[0])} ({far})"

    return _TIME.sub(told, says)


def _rest(document: Document, now: float) -> list[tuple[str, str]]:
    rows = []
    if document["cause"] != _WELL:
        who = "" if document["who"] == _NOBODY else f"{note(document['who'])}: "
        rows.append(("do", who + note(document["do"])))
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
