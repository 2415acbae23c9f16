"""Parts of Vault's answers. Pure."""

from __future__ import annotations

from receiver.core.render import Json
from receiver.setup.ports import Answered
from receiver.terminal.words import note


def data_of(answer: Answered) -> dict[str, Json]:
    """The part ``data`` of an answer; empty when there is none."""
    return part_of(answer, "data")


def part_of(answer: Answered, name: str) -> dict[str, Json]:
    """An object in an answer; empty when there is none."""
    tree = answer.json()
    part = tree.get(name) if isinstance(tree, dict) else None
    return part if isinstance(part, dict) else {}


def refusal(answer: Answered) -> str:
    """What Vault says of a request that it does not take."""
    tree = answer.json()
    errors = tree.get("errors") if isinstance(tree, dict) else None
    told = note("; ".join(map(str, errors))) if isinstance(errors, list) else ""
    return f"Vault answered {answer.status}" + (f": {told}" if told else "")
