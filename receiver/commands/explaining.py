"""``explain``: why a secret is, or is not, where it should be."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from receiver.commands import person
from receiver.commands.options import Namespace
from vault_audit_forwarder.program.command_line import AsJson, show


def explain(
    secret: Annotated[str, typer.Argument(metavar="MOUNT/PATH", show_default=False)],
    namespace: Namespace = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a secret is not in AWS, who must act, and the command for it.

    Example: vault-replicator explain hybrid-aws-secrets/team-a/db

    Paths of Vault's API, and with the namespace in front, are understood too. Vault
    and AWS are asked; no value is read, and nothing is changed.

    Exit codes: 0 explained, 1 error.
    """
    from receiver.commands.reach import receiver
    from receiver.terminal.explain_text import explain_text

    with receiver() as remote, person.busy("asking Vault and AWS"):
        document = remote.explain({"path": secret, "namespace": namespace})
    if as_json:
        show(document)
    else:
        person.show_text(explain_text(document, time.time()))
