"""The small task that asks the receiver for a comparison, by its address and a token of
its own. It has no other right: no task role, and nothing of Vault or the secrets."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.ground import Ground
from infra.images import USER, image_of
from infra.names import SCHEDULE


class Asking(Construct):
    """``task``, its ``family`` and ``group`` (security group)."""

    def __init__(self, scope: Construct, construct_id: str, ground: Ground) -> None:
        super().__init__(scope, construct_id)
        config = ground.config
        self.family = f"{config.name}-reconcile"
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
            family=self.family,
            cpu=256,
            memory_limit_mib=512,
            execution_role=ground.execution_role(self, "Execution"),
        )
        self.task.add_container(
            "reconcile",
            image=image_of(self, config),
            user=USER,
            readonly_root_filesystem=True,
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
