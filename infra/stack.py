"""The deployment, put together. Each part is a construct of its own; nothing is decided
here but who gets what."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.asking import Asking
from infra.config import Config
from infra.configuration import Configuration
from infra.credentials import Credentials
from infra.endpoints import Endpoints
from infra.entrance import Entrance
from infra.ground import Ground
from infra.keys import Keys
from infra.log_groups import log_group
from infra.names import Names
from infra.network import Network, zones
from infra.notices import Notices
from infra.observability import Observability, Watched
from infra.permissions import ReceiverRole
from infra.schedule import Schedule
from infra.service import Service
from infra.tampering import Tampering
from receiver.core.rules import Rule


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
        ways: list[Construct] = [ground.network]
        if config.egress == "endpoints":
            accounts = _accounts(configuration.settings.to_rules())
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
        Tampering(self, "Tampering", ground, asking)
        parts = Watched(service=service, entrance=entrance, schedule=schedule)
        Observability(self, "Observability", ground, parts)
        # infra/demo_vault.py goes here (`demo_vault`): it takes ground.network.vpc and
        # its subnets, ground.keys.operations and service.group.
        self._tell(ground, entrance)

    @property
    def availability_zones(self) -> list[str]:
        """The first two of the Region. CDK would look them up in the account."""
        return zones(2)

    def _ground(self, config: Config, role: ReceiverRole) -> Ground:
        keys = Keys(self, "Keys", config, role.role)
        flows = log_group(self, "FlowLogs", "network", config, keys.operations)
        network = Network(self, "Network", config, flows)
        return Ground(
            config=config,
            keys=keys,
            network=network,
            credentials=Credentials(self, "Credentials", config, keys.operations),
            topic=Notices(self, "Notices", config, keys.operations).topic,
            cluster=_cluster(self, config, network, keys),
        )

    def _tell(self, ground: Ground, entrance: Entrance) -> None:
        credentials, config = ground.credentials, ground.config
        told = {
            "Address": (config.url, "The page, the API and the webhook's /v1/events"),
            "BalancerName": (
                entrance.balancer.load_balancer_dns_name,
                "What domain_name is an alias of",
            ),
            "ReceiverRoleArn": (
                Names(config).task_role_arn,
                "bound_iam_principal_arn of Vault's AWS method",
            ),
            "SigningKeyArn": (
                credentials.signing.secret_arn,
                "For the forwarders: whsec_ and this value",
            ),
            "FingerprintKeyArn": (credentials.fingerprint.secret_arn, "Keep a copy"),
            "TopicArn": (ground.topic.topic_arn, "Who is to be told subscribes here"),
            "SecretsKeyArn": (
                ground.keys.secrets.key_arn,
                "Encrypts what is replicated",
            ),
            "OperationsKeyArn": (
                ground.keys.operations.key_arn,
                "Encrypts all the rest",
            ),
        }
        if credentials.connection is not None:
            told["ConnectionSecretArn"] = (
                credentials.connection.secret_arn,
                "For init-vault: vault.auth.secret_id",
            )
        for name in config.tokens:
            arn = credentials.tokens[name].secret_arn
            told[f"Token{_camel(name)}Arn"] = (arn, f"The bearer token {name}")
        for key, (value, description) in told.items():
            CfnOutput(self, key, value=value, description=description)


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


def _accounts(rules: tuple[Rule, ...]) -> set[str]:
    """The accounts of roles that rules assume."""
    roles = {rule.target.role_arn for rule in rules}
    return {role.split(":")[4] for role in roles if role is not None}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
