"""Where the tasks run, and what they reach: AWS, and Vault.

A VPC of our own, or one that exists, named by its ids (nothing is looked up, so a
synthesis needs no credentials). AWS is reached through one NAT gateway, through
interface endpoints, or by public addresses of the tasks; Vault through the same, or
through a transit or virtual private gateway. A VPC that exists has its own ways.
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import CfnResource, Fn, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.config import Config, OwnVpc
from infra.log_groups import log_group

_TWO = 2
_SUBNETS = {
    "nat": ec2.SubnetType.PRIVATE_WITH_EGRESS,
    "endpoints": ec2.SubnetType.PRIVATE_ISOLATED,
    "public": ec2.SubnetType.PUBLIC,
}


class Network(Construct):
    """``vpc``; ``tasks`` and ``balancer``, their subnets; ``public``, whether tasks
    have public addresses; ``cidr`` of the VPC; ``ways_out``, the addresses by which
    tasks come to the Internet, as far as they are known."""

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.public = config.egress == "public"
        self.ways_out: list[str] = []
        if config.vpc is not None:
            self._take(config.vpc)
        else:
            self._make(config, log_group(self, "Flows", "network", config, key))

    def _take(self, own: OwnVpc) -> None:
        self.cidr = own.cidr
        self.vpc: ec2.IVpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=own.id,
            vpc_cidr_block=own.cidr,
            availability_zones=zones(_TWO),  # nobody asks for them
        )
        self.tasks = self._named("Task", own.subnets)
        self.balancer = self.tasks
        if own.balancer_subnets is not None:
            self.balancer = self._named("Balancer", own.balancer_subnets)
        acknowledge(
            self,
            "@aws-cdk/aws-ec2:noSubnetRouteTableId",
            "Routes of a VPC that exists are not ours",
        )

    def _named(self, what: str, ids: tuple[str, ...]) -> ec2.SubnetSelection:
        subnets = [
            ec2.Subnet.from_subnet_id(self, f"{what}{number}", one)
            for number, one in enumerate(ids, 1)
        ]
        return ec2.SubnetSelection(subnets=subnets)

    def _make(self, config: Config, flows: logs.ILogGroup) -> None:
        self.cidr = config.vpc_cidr
        kind = _SUBNETS[config.egress]
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=config.name,
            ip_addresses=ec2.IpAddresses.cidr(config.vpc_cidr),
            max_azs=_TWO,
            nat_gateways=1 if config.egress == "nat" else 0,
            subnet_configuration=list(_subnets(config, kind)),
            restrict_default_security_group=False,
            flow_logs={
                "Rejected": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_cloud_watch_logs(flows),
                    traffic_type=ec2.FlowLogTrafficType.REJECT,
                )
            },
        )
        self.vpc = vpc
        self.tasks = ec2.SubnetSelection(subnet_type=kind)
        outside = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        self.balancer = outside if config.internet_facing else self.tasks
        if config.egress == "nat":
            eip = vpc.public_subnets[0].node.find_child("EIP")
            assert isinstance(eip, ec2.CfnEIP)
            self.ways_out = [eip.attr_public_ip]
        if config.vault_gateway is not None:
            self._connect(vpc, config.vault_gateway, config)

    def _connect(self, vpc: ec2.Vpc, gateway: str, config: Config) -> None:
        """Routes to Vault outside AWS, by a gateway that somebody runs already."""
        subnets = vpc.select_subnets(subnet_type=_SUBNETS[config.egress])
        is_transit = gateway.startswith("tgw-")
        if is_transit:
            attached: CfnResource = ec2.CfnTransitGatewayAttachment(
                self,
                "Attachment",
                transit_gateway_id=gateway,
                vpc_id=vpc.vpc_id,
                subnet_ids=subnets.subnet_ids,
            )
            Tags.of(attached).add("Name", config.name)
        else:
            attached = ec2.CfnVPCGatewayAttachment(
                self, "Attachment", vpc_id=vpc.vpc_id, vpn_gateway_id=gateway
            )
        for where, subnet in enumerate(subnets.subnets, 1):
            for number, cidr in enumerate(config.vault_cidrs, 1):
                route = ec2.CfnRoute(
                    self,
                    f"Route{where}To{number}",
                    route_table_id=subnet.route_table.route_table_id,
                    destination_cidr_block=cidr,
                    transit_gateway_id=gateway if is_transit else None,
                    gateway_id=None if is_transit else gateway,
                )
                route.add_resource_dependency(attached)


def zones(count: int) -> list[str]:
    """The first availability zones of the Region, whatever they are called there."""
    return [Fn.select(number, Fn.get_azs()) for number in range(count)]


def _subnets(config: Config, kind: ec2.SubnetType) -> Iterator[ec2.SubnetConfiguration]:
    if config.egress == "nat":
        yield ec2.SubnetConfiguration(
            name="Public",
            subnet_type=ec2.SubnetType.PUBLIC,
            map_public_ip_on_launch=False,
        )
    yield ec2.SubnetConfiguration(name="Tasks", subnet_type=kind)
