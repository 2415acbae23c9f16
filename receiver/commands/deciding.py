"""``retry``, ``adopt`` and ``release``: what people decide about secrets.

What an order would be about is always looked at first, and shown. More than one secret
is nobody's by accident: a person is asked, and a script says ``--yes``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from receiver.commands import person
from receiver.commands.options import DryRun, Namespace, RuleName, Secret
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

OK, ERROR = 0, 1

CauseCode = Annotated[
    str | None,
    typer.Option("--cause", metavar="CODE", help="Only what this cause stopped."),
]
All = Annotated[bool, typer.Option("--all", help="Everything it applies to.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


_HELP = {
    "retry": """Try again now what is parked, held or has failed.

    Example: vault-replicator retry --cause KMS_DENIED
    """,
    "adopt": """Take over secrets in AWS that are not ours, or were released.

    Example: vault-replicator adopt hybrid-aws-secrets/team-e/shared

    What stands there becomes an older version; Vault's value is the current one.
    """,
    "release": """Let secrets go: AWS keeps them as they are, and we leave them alone.

    Example: vault-replicator release --rule hybrid --dry-run

    Only adopt takes them back.
    """,
}
_EXIT_CODES = """
    Exit codes: 0 done, or nothing to do, 1 error, or not agreed to.
"""


def deciding(what: str) -> Callable[..., int]:
    """The command for one of ``retry``, ``adopt`` and ``release``."""

    def decide(  # noqa: PLR0913 each one is an option of the command
        secret: Secret = None,
        namespace: Namespace = None,
        rule: RuleName = None,
        cause: CauseCode = None,
        all: All = False,
        dry_run: DryRun = False,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> int:
        choice = {"path": secret, "rule": rule, "cause": cause, "all": all}
        if not any(choice.values()):
            raise CommandError("say which: MOUNT/PATH, --rule, --cause or --all")
        choice["namespace"] = namespace
        about = order(what, choice, dry_run=dry_run, yes=yes)
        if about is None:
            person.tell("nothing was changed")
            return ERROR
        from receiver.terminal.secrets_text import order_text

        show(about if as_json else order_text(what, about))
        return OK

    decide.__doc__ = _HELP[what] + _EXIT_CODES
    return decide


def order(
    what: str, choice: dict[str, Any], *, dry_run: bool, yes: bool
) -> dict[str, Any] | None:
    """Look, ask, and order. What it was about; None when somebody said no. Raises
    CommandError."""
    from receiver.commands.reach import receiver

    if not (choice["path"] or dry_run or yes or person.can_be_asked()):
        raise CommandError(
            "--yes is needed where nobody can be asked; --dry-run shows what it would "
            "be about"
        )
    with receiver() as remote:
        about = remote.order(what, {**choice, "dry_run": True})
        if dry_run or not about["count"]:
            return about
        return remote.order(what, choice) if yes or _agreed(what, about) else None


def _agreed(what: str, about: dict[str, Any]) -> bool:
    from receiver.terminal.secrets_text import order_text

    if about["count"] == 1:
        return True
    person.tell(order_text(what, about))
    if not person.can_be_asked():
        raise CommandError("it is about more than one secret: say --yes")
    return person.agrees(f"\n{what.capitalize()} these {about['count']:,} secrets?")
