"""Who the receiver is in AWS, and what it may do there.

The statements are those that ``vault-replicator policy aws`` prints, from the same
function: there is one place that says what the receiver needs.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.config import Config
from infra.names import Names
from infra.replication import replication
from receiver.policies.statements import Statement
from receiver.settings import Settings


def of_tasks(config: Config) -> iam.IPrincipal:
    """ECS, for tasks of this account alone."""
    return iam.ServicePrincipal(
        "ecs-tasks.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": config.account},
            "ArnLike": {"aws:SourceArn": config.arn("ecs", "*")},
        },
    )


class ReceiverRole(Construct):
    """``role``. Its name is chosen: Vault's AWS method, the owners of other accounts
    and the watch on tampering know it by its ARN."""

    def __init__(self, scope: Construct, construct_id: str, config: Config) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self.role = iam.Role(
            self,
            "Role",
            role_name=Names(config).task_role,
            description="The receiver: writes replicated secrets, reads none",
            assumed_by=of_tasks(config),
        )

    def allow(self, settings: Settings) -> None:
        """What the rules need, no more."""
        statements = replication(self._config, settings)
        policy = iam.Policy(
            self,
            "Policy",
            # As it is printed: names of statements are what people look for.
            document=iam.PolicyDocument(
                statements=[iam.PolicyStatement.from_json(one) for one in statements],
                minimize=False,
            ),
        )
        policy.attach_to_role(self.role)
        for one in statements:
            _acknowledge_wide(policy, one)


_WIDE = {
    "List": "ListSecrets takes no resource",
    "Kms": "A key that is named by its alias, which stands in the condition",
}
_NAMES = "Names below the prefix are made in Vault, and AWS adds six characters to each"


def _acknowledge_wide(policy: iam.Policy, statement: Statement) -> None:
    """Each wildcard of the shared function, by what it is there for."""
    if statement["Effect"] != "Allow":
        return
    why = _WIDE.get(statement["Sid"].rstrip("0123456789"), _NAMES)
    resources = statement["Resource"]
    for resource in [resources] if isinstance(resources, str) else resources:
        if "*" in resource:
            acknowledge(policy, f"AwsSolutions-IAM5[Resource::{resource}]", why)
