"""Log groups: named, encrypted with the key of the operations, and kept for a time."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Config
from infra.keys import kept
from infra.names import Names

#: What CloudWatch Logs takes, of those that anybody asks for.
RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}


def log_group(
    scope: Construct, construct_id: str, what: str, config: Config, key: kms.IKey
) -> logs.LogGroup:
    """Where ``what`` logs."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=Names(config).log_group(what),
        encryption_key=key,
        retention=RETENTION[config.log_retention_days],
        removal_policy=kept(config),
    )
