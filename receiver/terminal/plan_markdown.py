"""A plan as Markdown, for a pull request or a job's summary.

Long plans are cut with a count of what is left out: the places that show Markdown take
about 65,000 characters and drop the rest without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from receiver.terminal.needs import Need, needs_of_plan
from receiver.terminal.plan_text import (
    SYMBOLS,
    brake_lines,
    by_rule,
    next_command,
    remark,
    totals,
    versions,
)
from receiver.terminal.words import counted, note, place, printable

Document: TypeAlias = Mapping[str, Any]

_MOST_CHARACTERS = 50_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_IN_CODE = str.maketrans({"`": "'", "|": "\\|"})


def plan_markdown(plan: Document, *, config: str | None = None) -> str:
    """The plan, complete or cut. ``config`` is the file it was made with, if it was."""
    head = [f"### Secrets of {_escape(printable(plan['source']))}: {totals(plan)}"]
    tail = [*brake_lines(plan), *_list("Faults", plan.get("faults"))]
    tail += _list("Warnings", plan.get("warnings"))
    needs = needs_of_plan(plan, config)
    if needs:
        rows = [f"| {_escape(need.about)} | {_do(need)} |" for need in needs]
        table = "\n".join(["| needs you | do |", "|---|---|", *rows])
        tail.append(table)
    if command := next_command(plan, config):
        tail.append(f"Plan {_code(plan['id'])}, kept for a day: {_code(command)}")
    room = _MOST_CHARACTERS - sum(map(len, [*head, *tail]))
    return "\n\n".join([*head, *_tables(plan, room), *tail])


def _tables(plan: Document, room: int) -> list[str]:
    tables, left_out = [], 0
    for heading, changes in by_rule(plan):
        rows = ["| | | versions | |", "|---|---|---|---|"]
        for change in changes:
            row = _row(change)
            room -= len(row)
            if room > 0:
                rows.append(row)
            else:
                left_out += 1
        if len(rows) > 2:
            tables.append(f"**{_escape(heading)}**\n\n" + "\n".join(rows))
    if left_out:
        tables.append(f"… and {counted(left_out, 'more change')}.")
    return tables


def _row(change: Document) -> str:
    action = change["action"]
    cells = (
        f"{_code(SYMBOLS[action])} {action}",
        _code(place(change)),
        versions(change),
        _escape(remark(change)),
    )
    return f"| {' | '.join(cells)} |"


def _list(heading: str, lines: Any) -> list[str]:
    if not lines:
        return []
    return ["\n".join([f"{heading}:", "", *(f"- {_escape(note(x))}" for x in lines)])]


def _do(need: Need) -> str:
    if not need.is_command:
        return _escape(need.do)
    return _code(need.do) + " (if meant)" * need.if_meant


def _code(text: str) -> str:
    # A code span ends at a backtick, and a cell at a bar even inside one.
    return f"`{text.translate(_IN_CODE)}`"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
