"""Who the demo Vault's instance is in AWS: it reads two secrets, takes one disk and one
address, writes one parameter, and keeps the receiver's connection, as ``init-vault``
does that is run there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import acknowledge
from infra.config import Config
from infra.ground import Ground
from infra.keys import via

#: What Session Manager takes. AmazonSSMManagedInstanceCore lets an instance read every
#: parameter of the account besides.
_SESSIONS = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the instance is to use. ``tag`` is its own tag, whose value is our name."""

    secrets: Sequence[secretsmanager.ISecret]
    connection: secretsmanager.ISecret | None
    source: assets.Asset
    certificate: ssm.IStringParameter
    disk: ec2.IVolume
    interface: ec2.CfnNetworkInterface
    tag: str


class DemoVaultRole(Construct):
    """``role``. It may do what ``policy`` says, and no more."""

    def __init__(
        self, scope: Construct, construct_id: str, ground: Ground, granted: Granted
    ) -> None:
        super().__init__(scope, construct_id)
        config = ground.config
        key = ground.keys.operations.key_arn
        self.role = iam.Role(
            self,
            "Role",
            description="The instance of the demo Vault",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
        )
        statements = [
            *_keys(config, granted, key),
            *_connection(config, granted, key),
            *_takes(config, granted, key),
            *_at_start(granted),
            iam.PolicyStatement(sid="Sessions", actions=_SESSIONS, resources=["*"]),
        ]
        self.policy = iam.Policy(
            self,
            "Policy",
            document=iam.PolicyDocument(statements=statements, minimize=False),
        )
        self.policy.attach_to_role(self.role)
        for resource, reason in {
            "*": "Session Manager's calls take no resource",
            config.arn("ec2", "instance/*"): "Nobody knows an instance's id before it "
            "is there: a tag says which ones are meant",
        }.items():
            finding = f"AwsSolutions-IAM5[Resource::{resource}]"
            acknowledge(self.policy, finding, reason)


def _keys(config: Config, granted: Granted, key: str) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="Keys",
            actions=["secretsmanager:GetSecretValue"],
            resources=[secret.secret_arn for secret in granted.secrets],
        ),
        iam.PolicyStatement(
            sid="KeysDecrypted",
            actions=["kms:Decrypt"],
            resources=[key],
            conditions=via("secretsmanager", config),
        ),
    ]


def _connection(
    config: Config, granted: Granted, key: str
) -> list[iam.PolicyStatement]:
    """To fill it, and to see whether that is still to be done."""
    if granted.connection is None:
        return []
    return [
        iam.PolicyStatement(
            sid="Connection",
            actions=["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
            resources=[granted.connection.secret_arn],
        ),
        iam.PolicyStatement(
            sid="ConnectionEncrypted",
            actions=["kms:GenerateDataKey"],
            resources=[key],
            conditions=via("secretsmanager", config),
        ),
    ]


def _takes(config: Config, granted: Granted, key: str) -> list[iam.PolicyStatement]:
    """The disk and the address, for instances like this one."""
    volume = config.arn("ec2", f"volume/{granted.disk.volume_id}")
    interface = config.arn("ec2", f"network-interface/{granted.interface.ref}")
    through = via("ec2", config)
    return [
        iam.PolicyStatement(
            sid="Takes",
            actions=["ec2:AttachVolume", "ec2:AttachNetworkInterface"],
            resources=[volume, interface],
        ),
        iam.PolicyStatement(
            sid="TakesForItself",
            actions=["ec2:AttachVolume", "ec2:AttachNetworkInterface"],
            resources=[config.arn("ec2", "instance/*")],
            conditions={
                "StringEquals": {f"aws:ResourceTag/{granted.tag}": config.name}
            },
        ),
        iam.PolicyStatement(
            sid="DiskDecrypted",
            actions=["kms:Decrypt", "kms:DescribeKey"],
            resources=[key],
            conditions=through,
        ),
        iam.PolicyStatement(
            sid="DiskDecryptedByEc2",
            actions=["kms:CreateGrant"],
            resources=[key],
            conditions={**through, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def _at_start(granted: Granted) -> list[iam.PolicyStatement]:
    source = granted.source
    return [
        iam.PolicyStatement(
            sid="Source",
            actions=["s3:GetObject"],
            resources=[source.bucket.arn_for_objects(source.s3_object_key)],
        ),
        iam.PolicyStatement(
            sid="Certificate",
            actions=["ssm:PutParameter"],
            resources=[granted.certificate.parameter_arn],
        ),
    ]
