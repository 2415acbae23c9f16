"""The small task that asks the receiver for a comparison, by its address and a token of
its own. Its role has no right at all."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.ground import Ground
from infra.images import USER, image_of, powerless
from infra.names import SCHEDULE, Names
from infra.permissions import of_tasks


class Asking(Construct):
    """``task`` and its ``group`` (security group)."""

    def __init__(self, scope: Construct, construct_id: str, ground: Ground) -> None:
        super().__init__(scope, construct_id)
        config = ground.config
        self._ground = ground
        self._execution = ground.execution_role(self, "Execution")
        self._idle = iam.Role(
            self,
            "Idle",
            description="The task that asks for a comparison: nothing in AWS",
            assumed_by=of_tasks(config),
        )
        self.group = ec2.SecurityGroup(
            self,
            "Group",
            vpc=ground.network.vpc,
            description=f"{config.name}: asks for a comparison",
            allow_all_outbound=False,
        )
        self.group.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "The receiver, and AWS to start"
        )
        self.task = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=Names(config).asking_family,
            cpu=256,
            memory_limit_mib=512,
            execution_role=self._execution,
            task_role=self._idle,
        )
        self.task.add_container(
            "reconcile",
            image=image_of(self, config),
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=powerless(self, "Linux"),
            command=["reconcile"],
            environment={"VAULT_REPLICATOR_ADDR": config.url},
            secrets={
                "VAULT_REPLICATOR_TOKEN": ecs.Secret.from_secrets_manager(
                    ground.credentials.tokens[SCHEDULE]
                )
            },
            logging=ecs.LogDrivers.aws_logs(
                log_group=ground.log_group(self, "Logs", "reconcile"),
                stream_prefix="reconcile",
            ),
        )
        acknowledge(
            self.task,
            "AwsSolutions-ECS2",
            "The receiver's address; the token comes from Secrets Manager",
        )

    def starter(self, scope: Construct, construct_id: str, service: str) -> iam.Role:
        """Lets an AWS service run this task, as itself and in no other way."""
        config = self._ground.config
        own = {"StringEquals": {"aws:SourceAccount": config.account}}
        role = iam.Role(
            scope,
            construct_id,
            description="Runs the task that asks for a comparison",
            assumed_by=iam.ServicePrincipal(service, conditions=own),
        )
        cluster = {"ArnEquals": {"ecs:cluster": self._ground.cluster.cluster_arn}}
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["ecs:RunTask"],
                resources=[self.task.task_definition_arn],
                conditions=cluster,
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self._execution.role_arn, self._idle.role_arn],
                conditions={
                    "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                },
            )
        )
        return role
