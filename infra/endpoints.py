"""Interface endpoints in the place of a NAT gateway: what a task needs to start (ECR,
its layers in S3, logs, secrets), and what the receiver calls.

They let nobody's credentials but those of accounts that are known through, so that not
even a stolen task could carry values to a stranger's account.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Config

_SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "sns", "sts")


class Endpoints(Construct):
    """One in each subnet of the tasks, for each service."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        vpc: ec2.IVpc,
        accounts: Iterable[str],
    ) -> None:
        super().__init__(scope, construct_id)
        subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Endpoints", allow_all_outbound=False
        )
        group.add_ingress_rule(
            ec2.Peer.ipv4(config.vpc_cidr), ec2.Port.tcp(443), "From the tasks"
        )
        known = {"aws:PrincipalAccount": sorted({config.account, *accounts})}
        for service in _SERVICES:
            made = ec2.InterfaceVpcEndpoint(
                self,
                service.replace(".", "-"),
                vpc=vpc,
                service=ec2.InterfaceVpcEndpointAwsService(service),
                subnets=subnets,
                security_groups=[group],
                open=False,
            )
            made.add_to_policy(_anything(conditions={"StringEquals": known}))
        layers = vpc.add_gateway_endpoint(
            "Layers", service=ec2.GatewayVpcEndpointAwsService.S3, subnets=[subnets]
        )
        bucket = f"prod-{config.region}-starport-layer-bucket"
        layers.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject"],
                resources=[f"arn:{config.partition}:s3:::{bucket}/*"],
            )
        )


def _anything(*, conditions: dict[str, object]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=["*"],
        resources=["*"],
        conditions=conditions,
    )
