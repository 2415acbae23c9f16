"""The receiver on ECS Fargate: exactly one task, never two.

Two receivers would write one secret from two queues, so a deployment ends the old task
before it starts the new one (minimum 0 %, maximum 100 %). Meanwhile the forwarders keep
their events. The state lies on the task's own volume and is gone with the task: the
comparison at start rebuilds it without a write.
"""

from __future__ import annotations

import json
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.configuration import PORT, Configuration
from infra.credentials import Credentials
from infra.files import CONFIGURATION, FILES, STATE, files, token_variable
from infra.ground import Ground
from infra.images import USER, image_of, powerless

_PLACE_FILES = Path(__file__).with_name("place_files.py")
#: The receiver ends within 20 s, after what is in flight.
_END_WITHIN = Duration.seconds(30)


class Service(Construct):
    """``service``, its ``group`` (security group), and ``logs``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        ground: Ground,
        configuration: Configuration,
        role: iam.IRole,
    ) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._config = ground, ground.config
        self._image = image_of(self, ground.config)
        self.logs = ground.log_group(self, "Logs", "receiver")
        self.group = _security_group(self, ground)
        task = self._task(role)
        self._placing = placing = self._files(task, configuration, ground.credentials)
        self._receiver(task).add_container_dependencies(
            ecs.ContainerDependency(
                container=placing, condition=ecs.ContainerDependencyCondition.SUCCESS
            )
        )
        self.service = self._service(task)

    def trust(self, vault_ca: ssm.IStringParameter) -> None:
        """Vault's CA is what somebody writes there before the task starts."""
        secret = ecs.Secret.from_ssm_parameter(vault_ca)
        self._placing.add_secret("VAULT_CA", secret)

    def _task(self, role: iam.IRole) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=f"{self._config.name}-receiver",
            cpu=self._config.cpu,
            memory_limit_mib=self._config.memory,
            task_role=role,
            execution_role=self._ground.execution_role(self, "Execution"),
            volumes=[ecs.Volume(name="files"), ecs.Volume(name="state")],
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.X86_64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        acknowledge(
            task,
            "AwsSolutions-ECS2",
            "What is in the environment is configuration; each secret comes from "
            "Secrets Manager, and only into the init container",
        )
        return task

    def _files(
        self,
        task: ecs.FargateTaskDefinition,
        configuration: Configuration,
        credentials: Credentials,
    ) -> ecs.ContainerDefinition:
        """The init container. Without it the receiver does not start."""
        environment = {
            "DIRECTORY": FILES,
            "FILES": json.dumps(files(self._config)),
            "CONFIGURATION": configuration.text,
        }
        if self._config.vault_ca_file is not None:
            environment["VAULT_CA"] = self._config.vault_ca_file.read_text()
        secrets = {
            "SIGNING": ecs.Secret.from_secrets_manager(credentials.signing),
            "FINGERPRINT": ecs.Secret.from_secrets_manager(credentials.fingerprint),
        }
        for name, secret in credentials.tokens.items():
            secrets[token_variable(name)] = ecs.Secret.from_secrets_manager(secret)
        container = task.add_container(
            "files",
            image=self._image,
            essential=False,
            user=USER,
            readonly_root_filesystem=True,
            entry_point=["python", "-I", "-c", _PLACE_FILES.read_text()],
            command=[],
            environment=environment,
            secrets=secrets,
            linux_parameters=powerless(self, "FilesLinux"),
            logging=self._logging("files"),
        )
        container.add_mount_points(_mount("files", FILES, read_only=False))
        return container

    def _receiver(self, task: ecs.FargateTaskDefinition) -> ecs.ContainerDefinition:
        probe = f"http://127.0.0.1:{PORT}/healthz"
        container = task.add_container(
            "receiver",
            image=self._image,
            user=USER,
            readonly_root_filesystem=True,
            command=["serve", "--config", CONFIGURATION],
            environment={"TMPDIR": STATE},
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            stop_timeout=_END_WITHIN,
            linux_parameters=powerless(self, "ReceiverLinux"),
            logging=self._logging("receiver"),
            health_check=ecs.HealthCheck(
                command=[
                    "CMD",
                    "python",
                    "-I",
                    "/usr/local/bin/healthcheck.py",
                    probe,
                ],
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                start_period=Duration.seconds(30),
                retries=6,
            ),
        )
        container.add_mount_points(
            _mount("files", FILES, read_only=True),
            _mount("state", STATE, read_only=False),
        )
        return container

    def _logging(self, what: str) -> ecs.LogDriver:
        return ecs.LogDrivers.aws_logs(log_group=self.logs, stream_prefix=what)

    def _service(self, task: ecs.FargateTaskDefinition) -> ecs.FargateService:
        network = self._ground.network
        return ecs.FargateService(
            self,
            "Service",
            service_name=f"{self._config.name}-receiver",
            cluster=self._ground.cluster,
            task_definition=task,
            desired_count=1,
            min_healthy_percent=0,
            max_healthy_percent=100,
            # Moving to another zone would start a second task before the first ends.
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            health_check_grace_period=Duration.seconds(60),
            assign_public_ip=network.public,
            vpc_subnets=network.tasks,
            security_groups=[self.group],
            enable_ecs_managed_tags=True,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )


def _mount(volume: str, path: str, *, read_only: bool) -> ecs.MountPoint:
    return ecs.MountPoint(
        source_volume=volume, container_path=path, read_only=read_only
    )


def _security_group(scope: Construct, ground: Ground) -> ec2.SecurityGroup:
    """Out: Vault, and HTTPS for AWS, whose addresses nobody can list."""
    config, https = ground.config, 443
    group = ec2.SecurityGroup(
        scope,
        "Group",
        vpc=ground.network.vpc,
        description=f"{config.name}: the receiver",
        allow_all_outbound=False,
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(https), "AWS")
    for cidr in config.vault_cidrs or ("0.0.0.0/0",):
        if (cidr, config.vault_port) != ("0.0.0.0/0", https):
            group.add_egress_rule(
                ec2.Peer.ipv4(cidr), ec2.Port.tcp(config.vault_port), "Vault"
            )
    return group
