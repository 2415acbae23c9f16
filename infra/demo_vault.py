"""A private OpenBao to try everything with, where there is no Vault yet. A demo.

One instance in a group of one. Its disk, its address and its name are resources of
their own, which each instance takes from the one before, so a newer image or other user
data replaces the instance and nothing else. Nobody comes in but the receiver and the
networks that are named; people use Session Manager. It opens itself with a key that
only its role can read, so that it comes back without anybody (seal.hcl in
infra/vault/instance says why not by KMS itself).

The certificate is of a CA that is made on the disk. It becomes known to the receiver by
a parameter, so the receiver starts when the instance has said that it is ready.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Duration, IgnoreMode, Size, Tags
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.demo_vault_role import DemoVaultRole, Granted
from infra.ground import Ground
from infra.keys import kept
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
_PORT, _HTTPS = 8200, 443
_DATA_GIB = 10
#: Packages, the disk of the instance before, a server that starts.
_READY_WITHIN = Duration.minutes(20)
_TAG = "demo-vault-of"
#: Never changed: CloudFormation would write it over the certificate.
_NOT_YET = "not yet"


class DemoVault(Construct):
    """``certificate``, the CA's, as a parameter; ``group`` (security group), from which
    the forwarder posts; ``instances``, which say when they are ready."""

    def __init__(self, scope: Construct, construct_id: str, ground: Ground) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._config = ground, ground.config
        vpc = ground.network.vpc
        self._subnet = vpc.select_subnets(
            subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
        ).subnets[0]
        self.certificate = ssm.StringParameter(
            self,
            "Certificate",
            parameter_name=f"/{self._config.name}/demo-vault-ca",
            description="The demo Vault's CA; the instance writes it",
            string_value=_NOT_YET,
        )
        self.seal = self._seal_key()
        self.group = self._group("Outgoing", "what the demo Vault asks")
        self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "HTTPS")
        self._door = self._group("Door", "who may ask the demo Vault")
        for cidr in self._config.demo_vault_cidrs:
            self._let_in(ec2.Peer.ipv4(cidr), "Administrators")
        self._interface = self._address(vpc)
        self._disk = self._volume()
        self.instances = self._group_of_one(vpc)

    def let_in(self, receiver: ec2.ISecurityGroup) -> None:
        """The receiver may ask it."""
        self._let_in(receiver, "Receiver")

    def _let_in(self, peer: ec2.IPeer, who: str) -> None:
        self._door.add_ingress_rule(peer, ec2.Port.tcp(_PORT), who)

    def _seal_key(self) -> secretsmanager.Secret:
        """32 bytes, in hexadecimal digits."""
        made = secretsmanager.Secret(
            self,
            "Seal",
            secret_name=Names(self._config).secret("demo-vault-seal"),
            description="Opens the demo Vault; without it its data cannot be read",
            encryption_key=self._ground.keys.operations,
            removal_policy=kept(self._config),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64,
                exclude_uppercase=True,
                exclude_punctuation=True,
                exclude_characters="ghijklmnopqrstuvwxyz",
            ),
        )
        acknowledge(
            made,
            "AwsSolutions-SMG4",
            "A new one needs the old one beside it in the server's configuration",
        )
        return made

    def _group(self, construct_id: str, what: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            construct_id,
            vpc=self._ground.network.vpc,
            description=f"{self._config.name}: {what}",
            allow_all_outbound=False,
        )

    def _address(self, vpc: ec2.IVpc) -> ec2.CfnNetworkInterface:
        """The one that Vault's name leads to."""
        interface = ec2.CfnNetworkInterface(
            self,
            "Interface",
            subnet_id=self._subnet.subnet_id,
            description=f"{self._config.name}: the demo Vault",
            group_set=[self._door.security_group_id],
        )
        host = self._config.vault_host
        route53.ARecord(
            self,
            "Record",
            zone=route53.PrivateHostedZone(self, "Zone", zone_name=host, vpc=vpc),
            target=route53.RecordTarget.from_ip_addresses(
                interface.attr_primary_private_ip_address
            ),
        )
        return interface

    def _volume(self) -> ec2.Volume:
        """Raft's data, the CA, and the keys of recovery."""
        return ec2.Volume(
            self,
            "Disk",
            availability_zone=self._subnet.availability_zone,
            size=Size.gibibytes(_DATA_GIB),
            volume_type=ec2.EbsDeviceVolumeType.GP3,
            encrypted=True,
            encryption_key=self._ground.keys.operations,
            removal_policy=kept(self._config),
        )

    def _group_of_one(self, vpc: ec2.IVpc) -> autoscaling.AutoScalingGroup:
        source = assets.Asset(
            self,
            "Source",
            path=str(_ROOT),
            exclude=SOURCE,
            ignore_mode=IgnoreMode.DOCKER,
        )
        user_data, role = ec2.UserData.for_linux(), self._role(source)
        instances = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[self._subnet]),
            launch_template=self._template(user_data, role.role),
            min_capacity=1,
            max_capacity=1,
            signals=autoscaling.Signals.wait_for_all(timeout=_READY_WITHIN),
            # The old one ends first: it has the disk.
            update_policy=autoscaling.UpdatePolicy.rolling_update(
                min_instances_in_service=0, max_batch_size=1
            ),
        )
        Tags.of(instances).add(_TAG, self._config.name)
        # All that it needs from its first moment on.
        way_out = self._subnet.internet_connectivity_established
        instances.node.add_dependency(self.certificate, role.policy, way_out)
        user_data.add_signal_on_exit_command(instances)
        user_data.add_commands(*self._commands(source))
        acknowledge(
            instances,
            "AwsSolutions-AS3",
            "One instance of a demo; that the receiver cannot reach it is told anyway",
        )
        return instances

    def _role(self, source: assets.Asset) -> DemoVaultRole:
        return DemoVaultRole(
            self,
            "Role",
            self._ground,
            Granted(
                secrets=[self.seal, self._ground.credentials.signing],
                source=source,
                certificate=self.certificate,
                disk=self._disk,
                interface=self._interface,
                tag=_TAG,
            ),
        )

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
            security_group=self.group,
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

    def _commands(self, source: assets.Asset) -> list[str]:
        """What cloud-init runs, as root. All of it may be read by whoever is on the
        instance, and is logged there: names, and not one key."""
        config = self._config
        environment = {
            "AWS_DEFAULT_REGION": config.region,
            "BAO_API_ADDR": config.vault_address,
            "CA_PARAMETER": self.certificate.parameter_name,
            "INTERFACE": self._interface.ref,
            "RECEIVER_URL": f"{config.url}/v1/events",
            "SEAL_SECRET": Names(config).secret("demo-vault-seal"),
            "SIGNING_SECRET": Names(config).secret("signing-key"),
            "VAULT_HOST": config.vault_host,
            "VAULT_SOURCE": config.vault_source,
            "VOLUME": self._disk.volume_id,
        }
        at = "/opt/vault-secrets-replicator"
        return [
            "set -euo pipefail",
            f"mkdir -p /etc/demo-vault {at}/source",
            "cat > /etc/demo-vault/environment <<'END'",
            *(f'{name}="{value}"' for name, value in environment.items()),
            "END",
            f"aws s3 cp --quiet {source.s3_object_url} {at}/source.zip"
            f" --region {config.region}",
            f"python3 -m zipfile -e {at}/source.zip {at}/source",
            f"bash {at}/source/infra/vault/instance/setup.sh",
        ]
