"""Why a secret is where it is, or is not: the document of ``explain`` as a page.

Unlike the other pages it costs questions to Vault and AWS, so it is made when somebody
asks for it, and does not renew itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from receiver.terminal.words import counted, note, printable
from receiver.web.page.moments import When, when

_MARKS = {"ok": "✔", "wrong": "✗", "waits": "…"}
_WELL = "IN_SYNC"


class Explain(Protocol):
    """Makes the document. Raises Refused, JournalUnavailable and QueueUnavailable."""

    def __call__(
        self, *, namespace: str, mount: str | None, path: str
    ) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on the way; ``mark`` is ok, wrong, waits or unknown."""

    name: str
    mark: str
    sign: str
    says: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The page. ``run`` and ``then`` are commands, empty: none; ``unsure`` is what
    could not be asked."""

    verdict: str
    is_well: bool
    says: str
    cause: str
    who: str
    do: str
    run: str
    then: str
    tried: str
    due: When | None
    steps: tuple[Step, ...]
    others: tuple[str, ...]
    unsure: tuple[str, ...]


def explanation(document: Mapping[str, Any], now: float) -> Explanation:
    """Of the document; ``now`` is in epoch seconds."""
    tried = document["attempts"]
    return Explanation(
        verdict=printable(document["verdict"]),
        is_well=document["cause"] == _WELL,
        says=note(document["says"]),
        cause=printable(document["cause"]),
        who=printable(document["who"]),
        do=note(document["do"]),
        run=note(document["command"]),
        then=note(document["then"]),
        tried=f"tried {counted(tried, 'time')}" if tried else "",
        due=when(document["due"], now),
        steps=tuple(_step(stage) for stage in document["stages"]),
        others=tuple(_other(one) for one in document["others"]),
        unsure=tuple(note(one) for one in document["not_asked"]),
    )


def _step(stage: Mapping[str, Any]) -> Step:
    known = stage["is"] in _MARKS
    mark = str(stage["is"]) if known else "unknown"
    sign = _MARKS.get(mark, "?")
    return Step(printable(stage["stage"]), mark, sign, note(stage["says"]))


def _other(one: Mapping[str, Any]) -> str:
    where = f"{one['name'] or 'without a name'} in {one['region']}"
    return note(f"rule {one['rule']}: {where}: {one['cause']}")
