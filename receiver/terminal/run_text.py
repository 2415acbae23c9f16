"""A run of the reconcile: how far it is, and what it has done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from receiver.terminal.needs import needs_of_run, needs_text
from receiver.terminal.plan_text import brake_line
from receiver.terminal.words import columns, counted, duration, listed, note, place

Document: TypeAlias = Mapping[str, Any]

#: What a worker did to a secret, as it is told; what is missing here is told as it is.
_DONE = {
    "create": "created",
    "update": "updated",
    "repair": "repaired",
    "restore": "restored",
    "delete": "deleted",
}
_MOST_PARKED = 50


def run_text(run: Document) -> str:
    """What a run that ended has done, what it has not, and why."""
    parts = [
        _summary(run),
        "\n".join(brake_line(one) for one in run["brake"]),
        _faults(run),
        _parked(run["parked"]),
        needs_text(needs_of_run(run)),
    ]
    return "\n\n".join(filter(None, parts))


def progress_line(run: Document, seconds: float) -> str:
    """How far it is, in one line for a log. ``seconds`` since it was asked for."""
    clock = f"[{int(seconds) // 60}:{int(seconds) % 60:02d}]"
    state = run["state"]
    if state == "waiting":
        return f"{clock} waiting for the run before it to end"
    if state == "comparing":
        return f"{clock} comparing both sides, {run['queued']:,} to do so far"
    done = run["queued"] - run["remaining"]
    return f"{clock} {done:,} of {run['queued']:,} done, {len(run['parked']):,} parked"


def done_by(run: Document) -> str:
    """``3 created, 1 deleted``; empty when nothing had to be done."""
    done = [
        f"{count:,} {_DONE.get(action, action)}"
        for action, count in run["done"].items()
        if count
    ]
    return ", ".join(done)


def _summary(run: Document) -> str:
    took = f"{run['compared']:,} compared in {duration(run['seconds'])}"
    if run["state"] == "failed":
        return f"The run failed: {took}."
    left = []
    if parked := len(run["parked"]):
        left.append(f"{parked:,} parked")
    if held := run["held"]:
        left.append(f"{held:,} held")
    if paused := run.get("paused", 0):
        left.append(f"{paused:,} waiting for the end of a pause")
    if not left:
        return f"Converged: {done_by(run) or 'nothing had to be done'}; {took}."
    return f"Done: {done_by(run) or 'nothing'}; {listed(left)}; {took}."


def _faults(run: Document) -> str:
    if not run["faults"]:
        return ""
    return "\n".join(["Faults", *(f"  {note(one)}" for one in run["faults"])])


def _parked(parked: list[Document]) -> str:
    if not parked:
        return ""
    rows = [
        (place(one), note(one.get("cause")), note(one.get("detail")))
        for one in parked[:_MOST_PARKED]
    ]
    lines = ["Parked", *columns(rows)]
    if left_out := len(parked) - len(rows):
        lines.append(f"  … and {counted(left_out, 'more', 'more')}")
    return "\n".join(lines)
