"""``policy vault`` and ``policy aws``: the least that the configured rules need."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.commands.options import Config
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

if TYPE_CHECKING:
    from receiver.policies.in_aws import Besides
    from receiver.settings import Settings

policy = typer.Typer(
    no_args_is_help=True, help="Print the least policy that the rules need."
)


KvV1 = Annotated[
    list[str] | None,
    typer.Option(
        "--kv-v1", metavar="MOUNT", help="This mount is KV v1; may be repeated."
    ),
]
Statements = Annotated[
    list[str] | None,
    typer.Option(
        "--statement",
        metavar="SID",
        help="Only this one, as in kms or never-read; may be repeated.",
    ),
]
Role = Annotated[
    str | None,
    typer.Option(
        "--role",
        metavar="ARN",
        help="For this role, which rules assume, instead of who runs the receiver.",
    ),
]
Account = Annotated[
    str | None,
    typer.Option("--account", metavar="N", help="Its number, instead of any."),
]
Partition = Annotated[
    str | None,
    typer.Option("--partition", help="Instead of the one of each Region's name."),
]


@policy.command("vault")
def vault(
    config: Config,
    kv_v1: KvV1 = None,
    as_json: AsJson = False,
) -> None:
    """Print the policy for the receiver's token in Vault or OpenBao, as HCL.

    Example: vault-replicator policy vault -c replicator.yaml | vault policy write
    replicator -

    Nobody is asked. A mount is taken for KV v2 unless --kv-v1 names it.

    Exit codes: 0 printed, 1 error.
    """
    from receiver.policies.in_vault import OutOfReach, as_hcl, vault_policy

    settings = _settings(config)
    mounts = {name.strip("/") for name in kv_v1 or ()}
    if unknown := mounts - {rule.mount for rule in settings.to_rules()}:
        raise CommandError(f"--kv-v1 {min(unknown)}: no rule has this mount")
    try:
        grants = vault_policy(
            settings.to_rules(),
            home=settings.vault.namespace,
            is_v1=lambda namespace, mount: mount in mounts,
        )
    except OutOfReach as error:
        raise CommandError(str(error)) from error
    text = as_hcl(grants)
    show({"format_version": 1, "policy": text} if as_json else text.rstrip())


@policy.command("aws")
def aws(
    config: Config,
    statement: Statements = None,
    role: Role = None,
    account: Account = None,
    partition: Partition = None,
    as_json: AsJson = False,
) -> None:
    """Print the IAM policy for who runs the receiver, or for a role that it assumes.

    Example: vault-replicator policy aws -c replicator.yaml --statement kms

    Nobody is asked.

    Exit codes: 0 printed, 1 error.
    """
    from receiver.policies.in_aws import Where, as_document, aws_policy, chosen

    settings = _settings(config)
    rules = settings.to_rules()
    if role is not None and role not in {rule.target.role_arn for rule in rules}:
        raise CommandError("--role: no rule assumes this role")
    where = Where(
        source=settings.vault.source,
        account=account or (role.split(":")[4] if role else "*"),
        partition=partition,
    )
    statements = aws_policy(
        rules, where, role_arn=role, besides=_besides(settings, role)
    )
    found = chosen(statements, statement or ())
    if not found:
        known = ", ".join(one["Sid"] for one in statements) or "none"
        raise CommandError(
            f"these rules need no such statement; those they need are {known}"
        )
    document = as_document(found)
    show(
        {"format_version": 1, "policy": document}
        if as_json
        else json.dumps(document, indent=2)
    )


def _besides(settings: Settings, role: str | None) -> Besides:
    """What this one needs apart from the rules: who ``aws`` names publishes, and who
    runs the receiver reads the token of Vault."""
    from receiver.auth_settings import SecretsManagerAuth
    from receiver.notify_settings import SnsSettings
    from receiver.policies.in_aws import Besides

    told = [one for one in settings.notify if isinstance(one, SnsSettings)]
    auth, connection = settings.vault.auth, None
    if role is None and isinstance(auth, SecretsManagerAuth):
        connection = (settings.aws.region, auth.secret_id)
    return Besides(
        topics=[one.topic_arn for one in told if role == settings.aws.role_arn],
        connection=connection,
    )


def _settings(config: Path) -> Settings:
    from receiver.settings import load_settings

    return load_settings(config, os.environ)
