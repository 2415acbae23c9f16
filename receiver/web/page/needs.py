"""What needs a person, by cause: one thing to mend often frees thousands of secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES
from receiver.terminal.words import printable
from receiver.web.page.links import to_list
from receiver.web.page.rows import Row, row

#: Of one cause, on the first page.
SHOWN = 5

_VERBS = {"parked": ("retry",), "conflict": ("adopt", "retry")}
_CONFLICTS = (Cause.CONFLICT_FOREIGN, Cause.CONFLICT_SOURCE)


@dataclass(frozen=True, slots=True)
class Need:
    """Secrets that stand still for one cause. ``count`` is of them all, ``rows`` are
    the first; ``verbs`` is what can be ordered here, ``who`` must act and what they
    ``do``; ``detail`` is what all of ``rows`` have in common."""

    cause: str
    mark: str
    who: str
    do: str
    detail: str
    count: int
    rows: tuple[Row, ...]
    hidden: int
    url: str
    verbs: tuple[str, ...]


def needs(status: Mapping[str, Any], now: float) -> tuple[Need, ...]:
    """Of a status document; what concerns most comes first."""
    items = sorted(status["needs_you"], key=_group)
    groups = [
        _need(key, list(those), status, now) for key, those in groupby(items, _group)
    ]
    shown = {need.cause for need in groups}
    groups += [
        _unlisted(cause, count)
        for cause, count in status["parked"].items()
        if cause not in shown
    ]
    return tuple(sorted(groups, key=lambda need: (-need.count, need.cause)))


def _group(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item["state"]), str(item["cause"] or "")


def _need(
    key: tuple[str, str],
    items: Sequence[Mapping[str, Any]],
    status: Mapping[str, Any],
    now: float,
) -> Need:
    state, cause = key
    count = _count(key, len(items), status)
    rows = tuple(row(item, now) for item in items[:SHOWN])
    first = items[0]
    return Need(
        cause=printable(cause) or "no cause",
        mark=state,
        who=first.get("who", ""),
        do=first.get("do", ""),
        detail=rows[0].detail if len({one.detail for one in rows}) == 1 else "",
        count=count,
        rows=rows,
        hidden=count - len(rows),
        url=to_list(state=state),
        verbs=_VERBS.get(state, ()),
    )


def _count(key: tuple[str, str], listed: int, status: Mapping[str, Any]) -> int:
    """The list is capped. The queue counts what is parked in it by cause; what is held
    is not in the queue, and mostly for one cause."""
    state, cause = key
    if state != "held":
        return max(listed, int(status["parked"].get(cause, 0)))
    of_state = [one for one in status["needs_you"] if str(one["state"]) == state]
    return listed if len(of_state) > listed else max(listed, status["states"][state])


def _unlisted(cause: str, count: int) -> Need:
    """None of them was among the first that the document lists."""
    mark = "conflict" if cause in _CONFLICTS else "parked"
    remedy = REMEDIES[Cause(cause)] if cause in set(Cause) else None
    return Need(
        cause=printable(cause),
        mark=mark,
        who=remedy.who if remedy else "",
        do=remedy.do if remedy else "",
        detail="",
        count=count,
        rows=(),
        hidden=count,
        url=to_list(state=mark),
        verbs=_VERBS[mark],
    )
