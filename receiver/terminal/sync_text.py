"""What became of one secret that somebody asked to be replicated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from receiver.terminal.needs import remedy
from receiver.terminal.words import duration, note, printable

Document: TypeAlias = Mapping[str, Any]

THERE, QUEUED, PARKED, LATE = 200, 202, 409, 504


def sync_text(secret: str, status: int, answer: Document) -> str:
    """One or two lines. ``secret`` is what was asked for, ``status`` that of HTTP."""
    about = printable(secret)
    if status == THERE:
        return _there(about, answer)
    if status == PARKED:
        return "\n".join(filter(None, [_parked(about, answer), _do(answer)]))
    if status == LATE:
        why = f", last failure {cause}" if (cause := answer.get("cause")) else ""
        return f"{about}: not in AWS in time; it stays queued{note(why)}"
    held_up = f"; {note(detail)}" if (detail := answer.get("detail")) else ""
    return f"{about}: queued{held_up}"


def _there(about: str, answer: Document) -> str:
    name, state = printable(answer.get("name") or ""), answer.get("state")
    if state == "deleting":
        return f"{about}: gone in Vault, and being deleted in AWS as {name}"
    if state == "orphaned":
        return f"{about}: gone in Vault, and left in AWS as {name}"
    version, lag = answer.get("version"), answer.get("lag_seconds")
    what = "in AWS" if version is None else f"v{version} is in AWS"
    after = "" if lag is None else f", {duration(lag)} after it was written"
    return f"{about}: {what} as {name}{after}"


def _parked(about: str, answer: Document) -> str:
    cause, detail = answer.get("cause"), answer.get("detail") or answer.get("error")
    code = f" [{note(cause)}]" if cause else ""
    return (
        f"{about}: {printable(answer.get('state') or 'parked')}: {note(detail)}{code}"
    )


def _do(answer: Document) -> str:
    if answer.get("who") and answer.get("do"):
        return f"  do  {note(answer['who'])}: {note(answer['do'])}"
    known = remedy(answer.get("cause"))
    return f"  do  {known}" if known else ""
