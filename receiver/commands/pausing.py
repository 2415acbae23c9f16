"""``pause`` and ``resume``: for a while nothing is written to AWS."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from receiver.commands.options import DryRun, Namespace, RuleName, Secret
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

Everything = Annotated[bool, typer.Option("--all", help="All rules.")]


def pause(  # noqa: PLR0913 each one is an option of the command
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Others will read it.")
    ],
    time: Annotated[
        str, typer.Option("--for", metavar="TIME", help="As in 4h; at most 7d.")
    ],
    secret: Secret = None,
    namespace: Namespace = None,
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

    about = _about(secret, namespace, rule, is_all=all)
    body = {"reason": reason, "for": time, "dry_run": dry_run}
    answer = _order("pause", about | body)
    show(answer if as_json else pause_text(answer))


def resume(
    secret: Secret = None,
    namespace: Namespace = None,
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

    about = _about(secret, namespace, rule, is_all=all)
    answer = _order("resume", about | {"dry_run": dry_run})
    show(answer if as_json else resume_text(answer))


def _about(
    secret: str | None, namespace: str | None, rule: str | None, *, is_all: bool
) -> dict[str, Any]:
    if (secret is None and rule is None) is not is_all:
        raise CommandError("say which: MOUNT/PATH, --rule R, or --all")
    return {"path": secret, "namespace": namespace, "rule": rule}


def _order(what: str, body: dict[str, Any]) -> dict[str, Any]:
    from receiver.commands.reach import receiver

    with receiver() as remote:
        return remote.order(what, body)
