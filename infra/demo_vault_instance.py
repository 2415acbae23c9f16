"""The demo Vault's instance: one in a group of one, which takes what is there already.

Its user data bring the source of this checkout and start ``setup.sh`` in
infra/vault/instance. They may be read by whoever is on the instance, and are logged
there: names, and not one key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, IgnoreMode, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.config import Config
from infra.configuration import Configuration
from infra.demo_vault_role import DemoVaultRole, Granted
from infra.ground import Ground
from infra.names import Names

_ROOT = Path(__file__).parents[1]
#: Like .dockerignore: everything stays out but what the instance runs.
SOURCE = [
    "*",
    "!pyproject.toml",
    "!README.md",
    "!LICENSE",
    "!requirements",
    "!receiver",
    "!vault_audit_forwarder",
    "!infra/__init__.py",
    "!infra/systemd",
    "!infra/vault",
    "**/__pycache__",
]
_AT, _ETC = "/opt/vault-secrets-replicator", "/etc/demo-vault"
_CA = Path("/var/lib/demo-vault/tls/ca.crt")
#: Packages, the disk of the instance before, a server that starts.
_READY_WITHIN = Duration.minutes(20)
_TAG = "demo-vault-of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is there before the instance and after it. ``group`` (security group) is
    that of what it asks; who asks it comes by the interface. ``configuration`` is the
    receiver's, which ``init-vault`` reads on the instance."""

    subnet: ec2.ISubnet
    group: ec2.ISecurityGroup
    disk: ec2.IVolume
    interface: ec2.CfnNetworkInterface
    seal: secretsmanager.ISecret
    certificate: ssm.IStringParameter
    configuration: Configuration


class DemoVaultInstance(Construct):
    """``instances`` say when they are ready."""

    def __init__(
        self, scope: Construct, construct_id: str, ground: Ground, parts: Parts
    ) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._parts = ground, parts
        source = assets.Asset(
            self,
            "Source",
            path=str(_ROOT),
            exclude=SOURCE,
            ignore_mode=IgnoreMode.DOCKER,
        )
        user_data, role = ec2.UserData.for_linux(), self._role(source)
        self.instances = self._group_of_one(self._template(user_data, role.role))
        # All that it needs from its first moment on.
        way_out = parts.subnet.internet_connectivity_established
        self.instances.node.add_dependency(parts.certificate, role.policy, way_out)
        user_data.add_signal_on_exit_command(self.instances)
        environment = _environment(ground.config, parts)
        for_init_vault = parts.configuration.with_ca(_CA)
        user_data.add_commands(
            *_file("environment", *(f'{k}="{v}"' for k, v in environment.items())),
            *_file("replicator.yaml", *for_init_vault.splitlines()),
            *_start(source, ground.config),
        )

    def _group_of_one(
        self, template: ec2.ILaunchTemplate
    ) -> autoscaling.AutoScalingGroup:
        instances = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=self._ground.network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[self._parts.subnet]),
            launch_template=template,
            min_capacity=1,
            max_capacity=1,
            signals=autoscaling.Signals.wait_for_all(timeout=_READY_WITHIN),
            # The old one ends first: it has the disk.
            update_policy=autoscaling.UpdatePolicy.rolling_update(
                min_instances_in_service=0, max_batch_size=1
            ),
        )
        Tags.of(instances).add(_TAG, self._ground.config.name)
        acknowledge(
            instances,
            "AwsSolutions-AS3",
            "One instance of a demo; that the receiver cannot reach it is told anyway",
        )
        return instances

    def _role(self, source: assets.Asset) -> DemoVaultRole:
        granted = Granted(
            secrets=[self._parts.seal, self._ground.credentials.signing],
            connection=self._ground.credentials.connection,
            source=source,
            certificate=self._parts.certificate,
            disk=self._parts.disk,
            interface=self._parts.interface,
            tag=_TAG,
        )
        return DemoVaultRole(self, "Role", self._ground, granted)

    def _template(self, user_data: ec2.UserData, role: iam.IRole) -> ec2.LaunchTemplate:
        return ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType.of(
                ec2.InstanceClass.T4G, ec2.InstanceSize.SMALL
            ),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(
                cpu_type=ec2.AmazonLinuxCpuType.ARM_64
            ),
            user_data=user_data,
            role=role,
            security_group=self._parts.group,
            associate_public_ip_address=False,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        16,
                        # By EBS's own key: of ours, Auto Scaling would need a grant.
                        encrypted=True,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                        delete_on_termination=True,
                    ),
                )
            ],
        )


def _environment(config: Config, parts: Parts) -> dict[str, str]:
    """/etc/demo-vault/environment, which setup.sh and the units read."""
    return {
        "AWS_DEFAULT_REGION": config.region,
        "BAO_API_ADDR": config.vault_address,
        "CA_PARAMETER": parts.certificate.parameter_name,
        "INTERFACE": parts.interface.ref,
        "RECEIVER_URL": f"{config.url}/v1/events",
        "SEAL_SECRET": Names(config).secret("demo-vault-seal"),
        "SIGNING_SECRET": Names(config).secret("signing-key"),
        "VAULT_HOST": config.vault_host,
        "VAULT_SOURCE": config.vault_source,
        "VOLUME": parts.disk.volume_id,
    }


def _file(name: str, *lines: str) -> list[str]:
    """Commands that write it, as it stands here."""
    return [f"mkdir -p {_ETC}", f"cat > {_ETC}/{name} <<'END'", *lines, "END"]


def _start(source: assets.Asset, config: Config) -> list[str]:
    """What cloud-init runs afterwards, as root."""
    return [
        "set -euo pipefail",
        f"mkdir -p {_AT}/source",
        f"aws s3 cp --quiet {source.s3_object_url} {_AT}/source.zip"
        f" --region {config.region}",
        f"python3 -m zipfile -e {_AT}/source.zip {_AT}/source",
        f"bash {_AT}/source/infra/vault/instance/setup.sh",
    ]
