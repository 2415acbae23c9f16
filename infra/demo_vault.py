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

from aws_cdk import Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.configuration import Configuration
from infra.demo_vault_instance import DemoVaultInstance, Parts
from infra.ground import Ground
from infra.keys import kept
from infra.names import Names

_PORT, _HTTPS = 8200, 443
_DATA_GIB = 10
#: Never changed: CloudFormation would write it over the certificate.
_NOT_YET = "not yet"


class DemoVault(Construct):
    """``certificate``, the CA's, as a parameter; ``group`` (security group), from which
    the forwarder posts; ``instances``, which say when they are ready."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        ground: Ground,
        configuration: Configuration,
    ) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._config = ground, ground.config
        self._subnet = ground.network.vpc.select_subnets(
            subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
        ).subnets[0]
        self.certificate = ssm.StringParameter(
            self,
            "Certificate",
            parameter_name=f"/{self._config.name}/demo-vault-ca",
            description="The demo Vault's CA; the instance writes it",
            string_value=_NOT_YET,
        )
        self.group = self._group("Outgoing", "what the demo Vault asks")
        self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "HTTPS")
        self._door = self._group("Door", "who may ask the demo Vault")
        for cidr in self._config.demo_vault_cidrs:
            self._let_in(ec2.Peer.ipv4(cidr), "Administrators")
        parts = Parts(
            subnet=self._subnet,
            group=self.group,
            disk=self._disk(),
            interface=self._address(),
            seal=self._seal_key(),
            certificate=self.certificate,
            configuration=configuration,
        )
        self.instances = DemoVaultInstance(self, "Instance", ground, parts).instances

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

    def _address(self) -> ec2.CfnNetworkInterface:
        """The one that Vault's name leads to."""
        interface = ec2.CfnNetworkInterface(
            self,
            "Interface",
            subnet_id=self._subnet.subnet_id,
            description=f"{self._config.name}: the demo Vault",
            group_set=[self._door.security_group_id],
        )
        host, vpc = self._config.vault_host, self._ground.network.vpc
        route53.ARecord(
            self,
            "Record",
            zone=route53.PrivateHostedZone(self, "Zone", zone_name=host, vpc=vpc),
            target=route53.RecordTarget.from_ip_addresses(
                interface.attr_primary_private_ip_address
            ),
        )
        return interface

    def _disk(self) -> ec2.Volume:
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
