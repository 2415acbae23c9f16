"""``policy vault`` and ``policy aws``: the least that the configured rules need."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.commands.options import Config
from receiver.commands.person import tell
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

if TYPE_CHECKING:
    from receiver.policies.in_aws import Besides
    from receiver.policies.statements import Statement
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

ConnectionKey = Annotated[
    str | None,
    typer.Option(
        "--connection-key",
        metavar="KEY",
        help="The KMS key of the secret that vault.auth names.",
    ),
]
TopicKey = Annotated[
    str | None,
    typer.Option(
        "--topic-key", metavar="KEY", help="The KMS key of the SNS topic under notify."
    ),
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
def aws(  # noqa: PLR0913 each one is an option of the command
    config: Config,
    statement: Statements = None,
    role: Role = None,
    account: Account = None,
    partition: Partition = None,
    connection_key: ConnectionKey = None,
    topic_key: TopicKey = None,
    as_json: AsJson = False,
) -> None:
    """Print the IAM policy for who runs the receiver, or for a role that it assumes.

    Example: vault-replicator policy aws -c replicator.yaml --statement kms

    Nobody is asked.

    Exit codes: 0 printed, 1 error.
    """
    from receiver.policies.in_aws import Unreadable, Where, aws_policy
    from receiver.policies.statements import as_document, chosen

    settings = _settings(config)
    rules = settings.to_rules()
    if role is not None and role not in {rule.target.role_arn for rule in rules}:
        raise CommandError("--role: no rule assumes this role")
    where = Where(
        source=settings.vault.source,
        account=account or (role.split(":")[4] if role else "*"),
        partition=partition,
    )
    besides = _besides(
        settings, role, connection_key=connection_key, topic_key=topic_key
    )
    try:
        statements = aws_policy(rules, where, role_arn=role, besides=besides)
    except Unreadable as error:
        raise CommandError(str(error)) from error
    found = chosen(statements, statement or ())
    if not found:
        known = ", ".join(one["Sid"] for one in statements) or "none"
        raise CommandError(
            f"these rules need no such statement; those they need are {known}"
        )
    _warn_if_long(found)
    document = as_document(found)
    show(
        {"format_version": 1, "policy": document}
        if as_json
        else json.dumps(document, indent=2)
    )


def _warn_if_long(statements: list[Statement]) -> None:
    """It is printed all the same: where it goes is not known here."""
    from receiver.policies.statements import INLINE, MANAGED, length

    characters = length(statements)
    if characters <= MANAGED:
        return
    do = "make it an inline policy of the role"
    if characters > INLINE:
        do = "print it in parts with --statement, each a managed policy of its own"
    tell(
        f"warning: {characters:,} characters; IAM takes {MANAGED:,} in one that stands "
        f"alone, {INLINE:,} inside a role: {do}, or give rules fewer and wider includes"
    )


def _besides(
    settings: Settings,
    role: str | None,
    *,
    connection_key: str | None,
    topic_key: str | None,
) -> Besides:
    """What this one needs apart from the rules: who ``aws`` names publishes, and who
    runs the receiver reads Vault's token."""
    from receiver.auth_settings import SecretsManagerAuth
    from receiver.notify_settings import SnsSettings
    from receiver.policies.in_aws import Besides

    told = [one for one in settings.notify if isinstance(one, SnsSettings)]
    auth, connection = settings.vault.auth, None
    if role is None and isinstance(auth, SecretsManagerAuth):
        connection = (settings.aws.region, auth.secret_id)
    topics = [one.topic_arn for one in told if role == settings.aws.role_arn]
    if connection_key and connection is None:
        raise CommandError("--connection-key: this one reads no secret of vault.auth")
    if topic_key and not topics:
        raise CommandError("--topic-key: this one tells no SNS topic")
    return Besides(
        topics=topics,
        # Its Region is the fourth part of an ARN.
        topic_key=(topics[0].split(":")[3], topic_key) if topic_key else None,
        connection=connection,
        connection_key=connection_key,
    )


def _settings(config: Path) -> Settings:
    from receiver.settings import load_settings

    return load_settings(config, os.environ)
