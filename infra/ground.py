"""What the parts of the deployment stand on: made once, and given to each of them."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.config import Config
from infra.credentials import Credentials
from infra.keys import Keys
from infra.log_groups import log_group
from infra.network import Network
from infra.permissions import of_tasks


@dataclass(frozen=True, slots=True)
class Ground:
    """``network`` where it runs, ``cluster`` what runs it, ``topic`` who is told."""

    config: Config
    keys: Keys
    network: Network
    credentials: Credentials
    topic: sns.ITopic
    cluster: ecs.ICluster

    def log_group(
        self, scope: Construct, construct_id: str, what: str
    ) -> logs.LogGroup:
        """Encrypted, and kept for as long as the configuration says."""
        return log_group(scope, construct_id, what, self.config, self.keys.operations)

    def execution_role(self, scope: Construct, construct_id: str) -> iam.Role:
        """Of a task: pulls its image, writes its log, reads just its secrets."""
        role = iam.Role(
            scope,
            construct_id,
            description="Starts a task: image, log, and the secrets that it is given",
            assumed_by=of_tasks(self.config),
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "ecr:GetAuthorizationToken takes no resource",
        )
        return role
