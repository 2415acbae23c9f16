"""A plan as a person reads it: what would be done under each rule, and what would not.

Symbols, names and versions first, the count and the plan's id below them, then what
waits for somebody, with the command or the person that ends the waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, TypeAlias

from receiver.core.causes import Cause
from receiver.core.comparison.weigh import MASS_CAUSES
from receiver.terminal.needs import (
    apply_command,
    needs_of_plan,
    needs_text,
)
from receiver.terminal.words import (
    columns,
    counted,
    duration,
    moment,
    note,
    place,
    printable,
)

Document: TypeAlias = Mapping[str, Any]

#: What is done without anybody's further word, in the order in which it is counted.
WORK = ("create", "update", "repair", "restore", "delete")
#: What waits for somebody.
WAITING = ("conflict", "parked", "held")

SYMBOLS = {
    "create": "+",
    "update": "~",
    "repair": "*",
    "restore": "^",
    "delete": "-",
    "conflict": "!",
    "parked": "!",
    "held": "!",
    "orphaned": ".",
}
#: Orphans that no prune touches: their rule or their owner said so.
_KEPT = (Cause.RETAINED, Cause.RELEASED, Cause.ROTATION_ON)
_LEGEND = {
    "+": "create: AWS does not have it yet",
    "~": "update: AWS has an older version",
    "*": "repair: AWS was changed by hand, or is not as the rule says",
    "^": "restore: its deletion in AWS is cancelled",
    "-": "delete: Vault does not have it any more",
    "!": "waits for somebody: nothing is done",
    ".": "orphaned: no rule speaks for it; left alone without --prune",
}


def plan_text(
    plan: Document, *, config: str | None = None, for_person: bool = False
) -> str:
    """The whole plan. ``config`` is the file it was made with, if it was; only a
    person at a terminal is told what to type next."""
    if not plan["changes"]:
        return "\n\n".join(filter(None, [_no_changes(plan), *_remarks(plan)]))
    parts = [
        f"{printable(plan['source'])}: {_compared(plan)}; nothing was changed.",
        "\n".join(_legend(plan)),
        *_rules(plan),
        _totals(plan),
        *_remarks(plan),
        needs_text(needs_of_plan(plan, config)),
    ]
    if for_person and (command := next_command(plan, config)):
        parts.append(f"Next: {command}")
    return "\n\n".join(filter(None, parts))


def next_command(plan: Document, config: str | None) -> str | None:
    """What does what the plan shows; None when that is nothing, or would let go what
    is held besides."""
    lets_go = any(one["cause"] in MASS_CAUSES for one in plan["changes"])
    if lets_go or not work(plan):
        return None
    return apply_command(plan["id"], config)


def work(plan: Document) -> int:
    """How many things a reconcile would do."""
    return sum(plan["summary"].get(action, 0) for action in WORK)


def waiting(plan: Document) -> int:
    """How many things wait for somebody."""
    return sum(plan["summary"].get(action, 0) for action in WAITING)


def prunable(plan: Document) -> int:
    """How many orphans a prune would delete, as far as a plan tells."""
    return sum(
        one["action"] == "orphaned" and bool(one["rule"]) and one["cause"] not in _KEPT
        for one in plan["changes"]
    )


def totals(plan: Document) -> str:
    """``1 create, 405 unchanged, 2 need you``, in one line."""
    summary = plan["summary"]
    parts = [
        ", ".join(f"{summary[one]:,} {one}" for one in WORK if summary.get(one))
        or "nothing to do",
        f"{summary.get('unchanged', 0):,} unchanged",
    ]
    if orphaned := summary.get("orphaned"):
        parts.append(f"{orphaned:,} orphaned")
    if count := waiting(plan):
        parts.append(f"{count:,} {'needs' if count == 1 else 'need'} you")
    return "; ".join(parts)


def versions(change: Document) -> str:
    """``v6 → v7``, ``v1``, or nothing where there are no versions."""
    before, after = change.get("from"), change.get("to")
    if before and after and before != after:
        return f"{printable(before)} → {printable(after)}"
    return printable(after or "")


def remark(change: Document) -> str:
    """Why, and the name in AWS where it is not that in Vault."""
    name = change.get("name")
    parts = [note(change.get("reason"))]
    if name and printable(name) != place(change):
        parts.insert(0, f"as {printable(name)}")
    return "; ".join(filter(None, parts))


def by_rule(plan: Document) -> Iterable[tuple[str, list[Document]]]:
    """Heading and changes of each rule that has any, in the order of the rules."""
    described = {rule["name"]: rule for rule in plan.get("rules", [])}
    order = {name: number for number, name in enumerate(described)}
    last = len(order)
    changes = sorted(
        plan["changes"], key=lambda one: (order.get(one["rule"], last), one["rule"])
    )
    for name, group in groupby(changes, key=lambda one: one["rule"]):
        yield _heading(name, described.get(name)), list(group)


def _heading(name: str, rule: Document | None) -> str:
    if not name:
        return "no rule   only their tags say that these are ours"
    if rule is None:
        return f"rule {printable(name)}   is not in the configuration any more"
    mapping = f'{printable(rule["mount"])} → "{printable(rule["template"])}"'
    return f"rule {printable(name)}   {mapping}   on_delete: {rule['on_delete']}"


def _no_changes(plan: Document) -> str:
    unchanged = plan["summary"].get("unchanged", 0)
    rules = counted(len(plan.get("rules", [])), "rule")
    calls = counted(sum(plan["calls"].values()), "call")
    what = counted(unchanged, "secret in AWS matches", "secrets in AWS match")
    return f"No changes. {what} Vault ({rules}, checked {moment(plan['at'])}, {calls})."


def _compared(plan: Document) -> str:
    calls = plan["calls"]
    return (
        f"compared {counted(sum(plan['summary'].values()), 'secret')} with "
        f"{calls['vault']:,} Vault and {calls['aws']:,} AWS calls in "
        f"{duration(plan['seconds'])}"
    )


def _legend(plan: Document) -> list[str]:
    used = {SYMBOLS[change["action"]] for change in plan["changes"]}
    return [f"  {sign} {text}" for sign, text in _LEGEND.items() if sign in used]


def _rules(plan: Document) -> list[str]:
    return [
        "\n".join([heading, *columns([_row(change) for change in changes])])
        for heading, changes in by_rule(plan)
    ]


def _row(change: Document) -> tuple[str, str, str, str]:
    action = change["action"]
    sign = f"{SYMBOLS[action]} {action}"
    return sign, place(change), versions(change), remark(change)


def _totals(plan: Document) -> str:
    return "\n".join([f"Plan {plan['id']}: {totals(plan)}.", *brake_lines(plan)])


def brake_lines(plan: Document) -> list[str]:
    """The arithmetic of each rule that would delete something."""
    return [brake_line(one) for one in plan.get("brake", [])]


def brake_line(one: Document) -> str:
    """The arithmetic of one rule."""
    held = f", {one['held']:,} of them held" if one["held"] else ""
    return (
        f"Brake  {printable(one['rule'])}: {counted(one['deletes'], 'delete')} wanted"
        f"{held}; {one['made']:,} made within the hour, of "
        f"{counted(one['population'], 'secret')} ({note(one['limit'])})."
    )


def _remarks(plan: Document) -> list[str]:
    """What could not be compared or should be known, each kind under a heading."""
    remarks = []
    for heading, key in (("Faults", "faults"), ("Warnings", "warnings")):
        if lines := plan.get(key):
            remarks.append("\n".join([heading, *(f"  {note(one)}" for one in lines)]))
    return remarks
