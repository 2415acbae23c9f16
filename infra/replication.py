"""What the receiver may do for its rules, by the shared function. Pure."""

from __future__ import annotations

from infra.config import ByConnectionSecret, Config
from infra.names import Names
from receiver.policies.in_aws import Besides, Where, aws_policy
from receiver.policies.statements import Statement
from receiver.settings import Settings


def assumed_roles(settings: Settings) -> set[str]:
    """The roles that rules write as, in this account or another."""
    roles = {rule.target.role_arn for rule in settings.to_rules()}
    return {role for role in roles if role is not None}


def replication(config: Config, settings: Settings) -> list[Statement]:
    """Those for this account, its topic and its connection to Vault."""
    names = Names(config)
    key, connection = names.operations_alias, None
    if isinstance(config.vault_auth, ByConnectionSecret):
        connection = (config.region, names.connection)
    besides = Besides(
        topics=[names.topic_arn],
        topic_key=(config.region, key),
        connection=connection,
        connection_key=key,
    )
    where = Where(source=config.vault_source, account=config.account)
    return aws_policy(settings.to_rules(), where, besides=besides)
