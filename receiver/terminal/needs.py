"""What waits for somebody, and what ends the waiting: a command where one does, else
who must act and how. Where many wait for the same, one line speaks for all of them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from receiver.core.causes import Cause
from receiver.core.comparison.weigh import DELETE_CAUSES, MASS_CAUSES
from receiver.core.remedies import REMEDIES
from receiver.terminal.words import argument, columns, counted, note, place, printable

Document: TypeAlias = Mapping[str, Any]

#: As many of one kind are named one by one.
_NAMED = 5
#: What adopting helps against.
_ADOPTABLE = (Cause.CONFLICT_FOREIGN, Cause.CONFLICT_SOURCE)


@dataclass(frozen=True, slots=True)
class Need:
    """``about`` what, and what to ``do``: a command, or a sentence. ``if_meant``: the
    command does what may be a mistake."""

    about: str
    do: str
    is_command: bool = False
    if_meant: bool = False


def apply_command(plan_id: str, config: str | None, *, force: bool = False) -> str:
    """What carries out a plan; ``config`` is the file it was made with, if it was."""
    words = ["vault-replicator", "reconcile", "--if-plan", plan_id]
    words += ["--force"] if force else []
    words += ["--config", config] if config else []
    return shlex.join(words)


def needs_of_plan(plan: Document, config: str | None) -> list[Need]:
    """What of a plan waits for somebody."""
    changes = plan["changes"]
    held = [one for one in changes if _is(one, "held")]
    return [
        *_conflicts([one for one in changes if _is(one, "conflict")]),
        *_grouped([one for one in changes if _is(one, "parked")]),
        *_held(held, plan["id"], config),
    ]


def needs_of_run(run: Document) -> list[Need]:
    """What of a finished run waits for somebody. Its list may be capped: of what is
    held only the number is known."""
    parked = run.get("parked", [])
    conflicts = [one for one in parked if one.get("cause") in _ADOPTABLE]
    others = [one for one in parked if one.get("cause") not in _ADOPTABLE]
    return [*_conflicts(conflicts), *_grouped(others)]


def needs_text(found: Iterable[Need]) -> str:
    """A heading and a line for each; empty when nothing waits."""
    lines = columns(
        [(need.about, need.do + "   (if meant)" * need.if_meant) for need in found]
    )
    return "\n".join(["Needs you", *lines]) if lines else ""


def remedy(cause: str | None) -> str:
    """Who must act, and how; empty for a cause that this version does not know."""
    if cause not in set(Cause):
        return ""
    known = REMEDIES[Cause(cause)]
    return f"{known.who}: {known.do}"


def _is(change: Document, action: str) -> bool:
    return bool(change["action"] == action)


def _conflicts(conflicts: list[Document]) -> list[Need]:
    needs = []
    for rule, those in _by(conflicts, "rule"):
        if len(those) <= _NAMED:
            needs += [
                Need(
                    place(one),
                    f"vault-replicator adopt {argument(one)}",
                    is_command=True,
                )
                for one in those
            ]
            continue
        which = f"--rule {shlex.quote(rule)}" if rule else "--all"
        about = (
            f"{counted(len(those), 'conflict')} under {printable(rule) or 'any rule'}"
        )
        command = f"vault-replicator adopt {which} --dry-run"
        needs.append(Need(about, command, is_command=True))
    return needs


def _grouped(parked: list[Document]) -> list[Need]:
    needs = []
    for cause, those in _by(parked, "cause"):
        if len(those) <= _NAMED:
            needs += [
                Need(place(one), remedy(cause) or note(one.get("reason")))
                for one in those
            ]
            continue
        do = remedy(cause) or "see the reason beside each"
        about = f"{counted(len(those), 'secret')} parked: {printable(cause)}"
        needs.append(Need(about, do))
    return needs


def _held(held: list[Document], plan_id: str, config: str | None) -> list[Need]:
    """What a plan holds back, by what lets it go."""
    force = [one for one in held if one["cause"] in DELETE_CAUSES]
    agreed = [one for one in held if one["cause"] in MASS_CAUSES]
    needs = _grouped([one for one in held if one not in force and one not in agreed])
    if force:
        command = apply_command(plan_id, config, force=True)
        about = counted(len(force), "held delete")
        needs.append(Need(about, command, is_command=True, if_meant=True))
    if agreed:
        about = counted(len(agreed), "held change")
        command = apply_command(plan_id, config)
        needs.append(Need(about, command, is_command=True, if_meant=True))
    return needs


def _by(items: list[Document], key: str) -> list[tuple[str, list[Document]]]:
    groups: dict[str, list[Document]] = {}
    for item in items:
        groups.setdefault(str(item.get(key) or ""), []).append(item)
    return sorted(groups.items())
