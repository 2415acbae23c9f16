"""``pause`` and ``resume``: for a while nothing is written to AWS."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from receiver.commands.options import DryRun, RuleName
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

Everything = Annotated[bool, typer.Option("--all", help="All rules.")]


def pause(
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Others will read it.")
    ],
    time: Annotated[
        str, typer.Option("--for", metavar="TIME", help="As in 4h; at most 7d.")
    ],
    rule: RuleName = None,
    all: Everything = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write nothing to AWS for a while. Events queue; it ends by itself.

    Example: vault-replicator pause --rule hybrid --for 4h --reason "KMS key rotation"

    When it returns, nothing is being written any more.

    Exit codes: 0 paused, 1 error.
    """
    from receiver.terminal.pause_text import pause_text

    body = {"reason": reason, "for": time, "dry_run": dry_run}
    answer = _order("pause", rule, body, is_all=all)
    show(answer if as_json else pause_text(answer))


def resume(
    rule: RuleName = None,
    all: Everything = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End a pause before its time. What waits goes out at once.

    Example: vault-replicator resume --all

    Exit codes: 0 resumed, or nothing was paused, 1 error.
    """
    from receiver.terminal.pause_text import resume_text

    answer = _order("resume", rule, {"dry_run": dry_run}, is_all=all)
    show(answer if as_json else resume_text(answer))


def _order(
    what: str, rule: str | None, body: dict[str, Any], *, is_all: bool
) -> dict[str, Any]:
    from receiver.commands.reach import receiver

    if (rule is None) is not is_all:
        raise CommandError("say which: --rule R, or --all")
    with receiver() as remote:
        return remote.order(what, {"rule": rule, **body})
