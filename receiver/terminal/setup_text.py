"""A set-up as a person reads it: what there is, what is made, what waits for them; with
``--dry-run`` each request too; then what the new credential was tried with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from receiver.terminal.words import columns, counted, listed, note, printable

Document: TypeAlias = Mapping[str, Any]

_SIGNS = {"there": "=", "create": "+", "change": "~", "needs_you": "!", "note": "."}
_WORDS = {kind: kind.replace("_", " ") for kind in _SIGNS}
_DONE = {**_WORDS, "create": "created", "change": "changed"}
_LEGEND = {
    "=": "there: nothing to do",
    "+": "create: it was not there",
    "~": "change: it was there, and not as it should be",
    "!": "needs you: nothing that this command can do",
    ".": "note",
}
_MARKS = {"ok": "✔", "warning": "!", "failed": "✗", "not verified": "?"}
#: A value in a request that is longer is shown as its beginning.
_LONGEST = 100


def setup_text(told: Document) -> str:
    """The whole of it."""
    return "\n\n".join(filter(None, _parts(told)))


def _parts(told: Document) -> Iterator[str]:
    yield _heading(told)
    yield "\n".join(_legend(told))
    yield "\n".join(_steps(told))
    yield "\n".join(_proof(told))
    yield _verdict(told)
    if commands := told.get("next"):
        yield "\n".join(["Next:", *(f"  {command}" for command in commands)])


def _heading(told: Document) -> str:
    vault = told["vault"]
    where = printable(vault["address"])
    if vault["namespace"]:
        where += f", namespace {printable(vault['namespace'])}"
    return f"{vault['product']} {printable(vault['version'])} at {where}"


def _legend(told: Document) -> list[str]:
    used = {_SIGNS[step["kind"]] for step in told["steps"]}
    return [f"  {sign} {text}" for sign, text in _LEGEND.items() if sign in used]


def _steps(told: Document) -> Iterator[str]:
    steps = told["steps"]
    words = _WORDS if told["dry_run"] else _DONE
    rows = columns([_row(step, words[step["kind"]]) for step in steps])
    for row, step in zip(rows, steps, strict=True):
        yield row
        _, *more = step["detail"].splitlines()
        yield from (f"      {printable(line)}" for line in more)
        # What was just made is as the dry run has shown it.
        if told["dry_run"] or step["kind"] != "create":
            diff = step["diff"].splitlines()
            yield from (f"      {printable(line)}" for line in diff)
        if told["dry_run"]:
            yield from _requests(step)


def _row(step: Document, word: str) -> tuple[str, str, str, str]:
    sign = f"{_SIGNS[step['kind']]} {word}"
    first, *_ = step["detail"].splitlines()
    return sign, printable(step["what"]), printable(step["name"]), printable(first)


def _requests(step: Document) -> Iterator[str]:
    for call in step["requests"]:
        where = "/".join(filter(None, (call["namespace"], call["path"])))
        body = json.dumps(_short(call["body"]), ensure_ascii=False)
        line = f"{call['method']} {where} {body if call['body'] else ''}"
        yield f"      > {printable(line.rstrip())}"
        if call["keep"]:
            yield f"        {printable(call['keep'])}"
    if step["file"]:
        yield f"      > write {printable(step['file'])}"


def _short(body: Any) -> Any:
    """A policy or a certificate is no line; the policy stands above as a diff."""
    match body:
        case Mapping():
            return {key: _short(value) for key, value in body.items()}
        case str() if "\n" in body.strip() or len(body) > _LONGEST:
            lines = body.strip().splitlines()
            return f"{lines[0][:_LONGEST]} … ({counted(len(lines), 'line')})"
        case _:
            return body


def _proof(told: Document) -> list[str]:
    if not told["proof"]:
        return []
    lines = [
        f"  {_MARKS[one['state']]} {printable(one['name'])}: {note(one['detail'])}"
        for one in told["proof"]
    ]
    return ["With the receiver's own credential:", *lines]


def _verdict(told: Document) -> str:
    summary = told["summary"]
    work = [
        f"{summary[kind]} to {kind}" if told["dry_run"] else f"{summary[kind]} {done}"
        for kind, done in (("create", "created"), ("change", "changed"))
        if summary[kind]
    ]
    verdict = listed(work) or "nothing to do"
    if waits := summary["needs_you"]:
        verdict += f"; {waits} {'needs' if waits == 1 else 'need'} you"
    if failed := sum(one["state"] == "failed" for one in told["proof"]):
        verdict += f"; {failed} of the credential's trials failed, see ✗ above"
    if told["dry_run"]:
        verdict += ". Nothing was changed"
    return f"{verdict[0].upper()}{verdict[1:]}."
