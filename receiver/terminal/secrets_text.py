"""Lists of secrets: those in a state, and those an order is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from receiver.core.state import State
from receiver.terminal.words import (
    columns,
    counted,
    moment,
    note,
    place,
    printable,
)

Document: TypeAlias = Mapping[str, Any]

#: What is said when there is nothing to list.
_NOTHING: dict[State | None, str] = {
    None: "Nothing is known yet: no rule has replicated a secret.",
    State.IN_SYNC: "Nothing is in sync yet.",
    State.PENDING: "Nothing waits: all that is known of has been dealt with.",
    State.PARKED: "Nothing is parked.",
    State.CONFLICT: "There are no conflicts: every name is ours, or free.",
    State.HELD: "Nothing is held: no brake is on.",
    State.DRIFTED: "Nothing has drifted: AWS is as we left it.",
    State.ORPHANED: "There are no orphans: a rule speaks for every secret of ours.",
    State.DELETING: "Nothing is being deleted.",
}
_DONE = {"retry": "retried", "adopt": "adopted", "release": "released"}
_NO_ITEMS = {
    "retry": "Nothing to retry: nothing of what was chosen waits for it.",
    "adopt": "Nothing to adopt: there is no conflict, and nothing released, in what "
    "was chosen.",
    "release": "Nothing to release: AWS holds nothing of ours in what was chosen.",
}


def secrets_text(
    items: Sequence[Document], *, state: State | None, rule: str | None, more: bool
) -> str:
    """One line a secret, or one good sentence."""
    if not items:
        return _NOTHING[state] + (f" (rule {printable(rule)})" if rule else "")
    rows = [_HEADINGS, *map(_row, items)]
    lines = columns(rows, indent="")
    if more:
        lines.append(f"These are the first {len(items):,}; --limit shows more.")
    return "\n".join(lines)


def change_lines(
    changed: Sequence[Document], gone: Sequence[Document], now: float
) -> list[str]:
    """One line for each that is new or changed, and for each that is listed no more;
    ``now`` in epoch seconds opens it."""
    rows = [_row(item) for item in changed]
    rows += [(place(item), "listed no more", "", "", "", "") for item in gone]
    return [f"{moment(now)[11:]}  {line}" for line in columns(rows, indent="")]


def order_text(what: str, answer: Document) -> str:
    """What an order is, or would be, about."""
    items = answer["items"]
    if not answer["count"]:
        return _NO_ITEMS[what]
    rows = [
        (place(item), printable(item["state"]), printable(item.get("cause") or ""))
        for item in items
    ]
    lines = [_order_heading(what, answer), *columns(rows)]
    if left_out := answer["count"] - len(items):
        lines.append(f"  … and {left_out:,} more")
    return "\n".join(lines)


def _order_heading(what: str, answer: Document) -> str:
    secrets = counted(answer["count"], "secret")
    if answer.get("dry_run"):
        return f"{secrets} would be {_DONE[what]}:"
    verb = "is" if answer["count"] == 1 else "are"
    return f"{secrets} {verb} being {_DONE[what]}:"


_HEADINGS = ("SECRET", "STATE", "VERSION", "CAUSE", "NAME IN AWS", "DETAIL")


def _row(item: Document) -> tuple[str, ...]:
    version, name = item.get("vault_version"), printable(item.get("name") or "")
    return (
        place(item),
        printable(item["state"]),
        "" if version is None else f"v{version}",
        printable(item.get("cause") or ""),
        "" if name == place(item) else name,
        note(item.get("detail")),
    )
