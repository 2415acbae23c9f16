"""What is paused, by whom and for how long; what was resumed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, TypeAlias

from receiver.terminal.words import moment, note, printable

Document: TypeAlias = Mapping[str, Any]

_GOES_ON = "Events go on to queue, and nothing is written to AWS. To end it earlier:"


def pause_text(answer: Document) -> str:
    """What an order to pause did, or would do."""
    made = answer["pause"]
    if answer["dry_run"]:
        return f"Would be paused: {pause_line(made)}"
    lines = [f"Paused: {pause_line(made)}", _GOES_ON, f"  {resume_command(made)}"]
    if answer["still_writing"]:
        lines.append("A write that had begun before has not ended yet.")
    return "\n".join(lines)


def resume_text(answer: Document) -> str:
    """What an order to resume did, or would do, and what is paused still."""
    resumed = answer["resumed"]
    verb = "Would be resumed" if answer["dry_run"] else "Resumed"
    lines = [f"{verb}: {pause_line(one)}" for one in resumed]
    left = [one for one in answer["paused"] if one not in resumed]
    lines += [f"Still paused: {pause_line(one)}" for one in left]
    return "\n".join(lines) or "Nothing to resume: nothing is paused."


def pause_line(pause: Document) -> str:
    """``rule hybrid until 2026-11-24 14:00:00Z, by oncall: key rotation``."""
    until = moment(pause["until"])
    why = f"by {printable(pause['by'])}: {note(pause['reason'])}"
    return f"{printable(what_is_paused(pause))} until {until}, {why}"


def resume_command(pause: Document) -> str:
    """What ends it."""
    rule, which = pause["rule"], []
    if pause.get("path") is not None:
        which = [f"{pause['mount']}/{pause['path']}"]
        if pause["namespace"]:
            which += ["--namespace", pause["namespace"]]
    if rule is not None:
        which += ["--rule", rule]
    return shlex.join(["vault-replicator", "resume", *(which or ["--all"])])


def what_is_paused(pause: Document) -> str:
    """``rule hybrid``, ``all rules``, or one secret's ``kv/app``."""
    rule = pause["rule"]
    if pause.get("path") is None:
        return "all rules" if rule is None else f"rule {rule}"
    place = (pause["namespace"], pause["mount"], pause["path"])
    secret = "/".join(filter(None, place))
    return secret if rule is None else f"{secret} under rule {rule}"
