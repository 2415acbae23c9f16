"""What the receiver may do for its rules, by the shared function. Pure."""

from __future__ import annotations

from infra.config import ByConnectionSecret, Config
from infra.names import Names
from receiver.policies.in_aws import Besides, Statement, Where, aws_policy
from receiver.settings import Settings


def replication(config: Config, settings: Settings) -> list[Statement]:
    """Those for this account, its topic and its connection to Vault."""
    names = Names(config)
    connection = None
    if isinstance(config.vault_auth, ByConnectionSecret):
        connection = (config.region, names.connection)
    where = Where(source=config.vault_source, account=config.account)
    besides = Besides(topics=[names.topic_arn], connection=connection)
    return aws_policy(settings.to_rules(), where, besides=besides)
