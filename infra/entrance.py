"""The load balancer: TLS for the webhook, the page, the API and /metrics, on one name.

Internal unless it is asked to face the Internet, and open to those networks alone that
are named. A target is healthy when its process turns; whether Vault and AWS answer is
no reason to take it out, as there is no other.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.asking import Asking
from infra.config import Config
from infra.configuration import PORT
from infra.ground import Ground
from infra.network import Network
from infra.service import Service

_HTTPS = 443
#: Longer than anybody may ask to wait (60 s), and shorter than the receiver keeps an
#: idle connection (120 s): who uses it last must be the one who closes it.
_IDLE = Duration.seconds(110)


class Entrance(Construct):
    """``balancer`` and ``targets``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        ground: Ground,
        service: Service,
        asking: Asking,
    ) -> None:
        super().__init__(scope, construct_id)
        config, network = ground.config, ground.network
        group = self._group(config, network, asking)
        self.balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            load_balancer_name=config.name,
            vpc=network.vpc,
            vpc_subnets=network.balancer,
            security_group=group,
            internet_facing=config.internet_facing,
            deletion_protection=not config.disposable,
            drop_invalid_header_fields=True,
            # The page compares it with the origin of what a browser sends.
            preserve_host_header=True,
            idle_timeout=_IDLE,
        )
        acknowledge(
            self.balancer,
            "AwsSolutions-ELB2",
            "Requests hold the names of secrets, and a bucket of access logs takes no "
            "key of ours; who ordered what is in the receiver's own log and history",
        )
        self.targets = self._targets(network, service)
        self.balancer.add_listener(
            "Https",
            port=_HTTPS,
            open=False,
            certificates=[elb.ListenerCertificate.from_arn(config.certificate_arn)],
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            default_target_groups=[self.targets],
        )
        if config.hosted_zone_id is not None:
            self._name(config, config.hosted_zone_id)

    def _group(
        self, config: Config, network: Network, asking: Asking
    ) -> ec2.SecurityGroup:
        """In: forwarders, and the tasks that ask. Out: the receiver."""
        group = ec2.SecurityGroup(
            self,
            "Group",
            vpc=network.vpc,
            description=f"{config.name}: the load balancer",
            allow_all_outbound=False,
        )
        for cidr in config.forwarder_cidrs or (network.cidr,):
            group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(_HTTPS), "Clients")
        if config.internet_facing:
            for address in network.ways_out:
                peer = ec2.Peer.ipv4(f"{address}/32")
                group.add_ingress_rule(peer, ec2.Port.tcp(_HTTPS), "Our own tasks")
            acknowledge(
                group,
                "AwsSolutions-EC23",
                "One address is that of the NAT gateway, not known before it is made",
            )
        elif config.forwarder_cidrs:
            group.add_ingress_rule(asking.group, ec2.Port.tcp(_HTTPS), "Our own tasks")
        return group

    def _targets(
        self, network: Network, service: Service
    ) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=network.vpc,
            port=PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
            targets=[
                service.service.load_balancer_target(
                    container_name="receiver", container_port=PORT
                )
            ],
            deregistration_delay=Duration.seconds(20),
            health_check=elb.HealthCheck(
                path="/healthz",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _name(self, config: Config, zone_id: str) -> None:
        # By the zone's id alone; its name would have to be looked up.
        route53.CfnRecordSet(
            self,
            "Name",
            hosted_zone_id=zone_id,
            name=config.domain_name,
            type="A",
            alias_target=route53.CfnRecordSet.AliasTargetProperty(
                dns_name=self.balancer.load_balancer_dns_name,
                hosted_zone_id=self.balancer.load_balancer_canonical_hosted_zone_id,
                evaluate_target_health=False,
            ),
        )
