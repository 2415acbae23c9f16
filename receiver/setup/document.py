"""What a set-up tells: the document of ``--json``, of which the text is made. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from receiver.setup.found import Found
from receiver.setup.intent import Intent
from receiver.setup.steps import Call, Kind, Random, Step
from vault_audit_forwarder.program.checks import Check


def document(
    intent: Intent,
    found: Found,
    steps: Sequence[Step],
    *,
    is_dry: bool,
    checks: Iterable[Check] = (),
) -> dict[str, Any]:
    """``checks`` are what the new credential was tried with."""
    counts = {kind.name.lower(): 0 for kind in Kind}
    for step in steps:
        counts[step.kind.name.lower()] += 1
    return {
        "format_version": 1,
        "vault": {
            "address": intent.address,
            "namespace": intent.home,
            "product": "OpenBao" if found.is_openbao else "Vault",
            "version": found.version,
        },
        "dry_run": is_dry,
        "summary": counts,
        "steps": [_step(step) for step in steps],
        "proof": [
            {"name": one.name, "state": one.state, "detail": one.detail}
            for one in checks
        ],
    }


def exit_code(told: dict[str, Any]) -> int:
    """0: all is there; 2: something needs somebody, or is to be done after a dry
    run."""
    summary = told["summary"]
    work = summary["create"] + summary["change"] if told["dry_run"] else 0
    failed = any(one["state"] == "failed" for one in told["proof"])
    return 2 if summary["needs_you"] or work or failed else 0


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind.name.lower(),
        "what": step.what,
        "name": step.name,
        "detail": step.detail,
        "diff": step.diff,
        "requests": [_call(call) for call in step.calls],
        "file": str(step.file.path) if step.file else None,
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "method": call.method,
        "namespace": call.namespace,
        "path": call.path,
        "body": _masked(call.body),
        "keep": str(call.keep) if call.keep else None,
    }


def _masked(body: Any) -> Any:
    """With ``(random)`` for what is made when it is sent."""
    match body:
        case Random():
            return repr(body)
        case Mapping():
            return {key: _masked(value) for key, value in body.items()}
        case _:
            return body
