"""One sentence that says whether somebody is needed, for whoever looks for a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver.terminal.words import counted, listed

WELL, PAUSED, ATTENTION = "well", "paused", "attention"
NEEDING = ("parked", "conflict", "held")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``tone`` is well, paused or attention; ``short`` fits the title of a tab."""

    tone: str
    sentence: str
    short: str


def verdict(status: Mapping[str, Any]) -> Verdict:
    """Of a status document."""
    states = status["states"]
    way = f"{states['pending']:,} on the way" if states["pending"] else ""
    if status["verdict"] != "well":
        return _attention(status, way)
    if status["paused"]:
        waits = f"{way}. " if way else ""
        return Verdict(
            PAUSED, f"Paused: {_paused(status)} {waits}Nobody is needed.", "paused"
        )
    count = states["in_sync"]
    in_sync = counted(count, "secret is", "secrets are") + " in sync"
    said = in_sync if count else "nothing is replicated yet"
    rest = f"; {way}" if way else ""
    return Verdict(WELL, f"All is well: {said}{rest}.", "well")


def needing(status: Mapping[str, Any]) -> int:
    """How many secrets: the list is capped, and what was parked in the queue alone is
    in no state."""
    in_states = sum(int(status["states"][state]) for state in NEEDING)
    in_queue = sum(int(count) for count in status["parked"].values())
    return max(in_states, in_queue, len(status["needs_you"]))


def _attention(status: Mapping[str, Any], way: str) -> Verdict:
    wrong = []
    if faults := len(status["faults"]):
        wrong.append(counted(faults, "fault"))
    if secrets := needing(status):
        wrong.append(counted(secrets, "secret"))
    number = faults + secrets
    verb = "needs" if number == 1 else "need"
    what = f"{listed(wrong) or 'Something below'} {verb} you"
    rest = way or ("" if faults else "everything else is in sync")
    also = f" {_paused(status).capitalize()}" if status["paused"] else ""
    sentence = "; ".join(filter(None, [what, rest])) + "." + also
    return Verdict(ATTENTION, sentence, f"{listed(wrong)} {verb} you")


def _paused(status: Mapping[str, Any]) -> str:
    rules = [one["rule"] for one in status["paused"]]
    if None in rules:
        return "nothing is written."
    return f"nothing is written under {listed([str(rule) for rule in rules])}."
