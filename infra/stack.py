"""The deployment, put together. Each part is a construct of its own; nothing is decided
here but who gets what."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.asking import Asking
from infra.config import Config
from infra.configuration import Configuration
from infra.credentials import Credentials
from infra.demo_vault import DemoVault
from infra.endpoints import Endpoints
from infra.entrance import Entrance
from infra.ground import Ground
from infra.keys import Keys
from infra.network import Network, zones
from infra.notices import Notices
from infra.observability import Observability, Watched
from infra.outputs import outputs
from infra.permissions import ReceiverRole
from infra.replication import assumed_roles
from infra.schedule import Schedule
from infra.service import Service
from infra.tampering import Tampering


class ReplicatorStack(Stack):
    """A receiver with all that it needs in AWS."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        configuration: Configuration,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=config.name,
            description="Replicates secrets of Vault into AWS Secrets Manager",
            env=Environment(account=config.account, region=config.region),
            termination_protection=not config.disposable,
        )
        role = ReceiverRole(self, "Receiver", config)
        ground = self._ground(config, role)
        role.allow(configuration.settings)
        assumed = assumed_roles(configuration.settings)
        ways: list[Construct] = [ground.network]
        if config.egress == "endpoints":
            accounts = {role.split(":")[4] for role in assumed}
            vpc = ground.network.vpc
            ways.append(Endpoints(self, "Endpoints", config, vpc, accounts))
        service = Service(self, "Service", ground, configuration, role.role)
        # Not before it may do something, and there is a way to its image.
        service.service.node.add_dependency(role, *ways)
        asking = Asking(self, "Asking", ground)
        entrance = Entrance(self, "Entrance", ground, service, asking)
        schedule = (
            Schedule(self, "Schedule", ground, asking) if config.scheduler else None
        )
        Tampering(self, "Tampering", ground, asking, assumed)
        parts = Watched(service=service, entrance=entrance, schedule=schedule)
        Observability(self, "Observability", ground, parts)
        if config.demo_vault:
            self._demo_vault(ground, configuration, service, entrance)
        self._tell(ground, entrance)

    @property
    def availability_zones(self) -> list[str]:
        """The first two of the Region. CDK would look them up in the account."""
        return zones(2)

    def _ground(self, config: Config, role: ReceiverRole) -> Ground:
        keys = Keys(self, "Keys", config, role.role)
        network = Network(self, "Network", config, keys.operations)
        return Ground(
            config=config,
            keys=keys,
            network=network,
            credentials=Credentials(self, "Credentials", config, keys.operations),
            topic=Notices(self, "Notices", config, keys.operations).topic,
            cluster=_cluster(self, config, network, keys),
        )

    def _demo_vault(
        self,
        ground: Ground,
        configuration: Configuration,
        service: Service,
        entrance: Entrance,
    ) -> None:
        demo = DemoVault(self, "DemoVault", ground, configuration)
        demo.let_in(service.group)
        entrance.balancer.connections.allow_from(
            demo.group, ec2.Port.tcp(443), "The demo Vault's forwarder"
        )
        service.trust(demo.certificate)
        service.service.node.add_dependency(demo.instances)

    def _tell(self, ground: Ground, entrance: Entrance) -> None:
        for one in outputs(ground, entrance):
            CfnOutput(self, one.name, value=one.value, description=one.description)


def _cluster(
    scope: Construct, config: Config, network: Network, keys: Keys
) -> ecs.Cluster:
    return ecs.Cluster(
        scope,
        "Cluster",
        cluster_name=config.name,
        vpc=network.vpc,
        container_insights_v2=ecs.ContainerInsights.ENABLED,
        managed_storage_configuration=ecs.ManagedStorageConfiguration(
            fargate_ephemeral_storage_kms_key=keys.operations
        ),
    )
