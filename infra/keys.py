"""Two KMS keys: one for what is replicated, one for all that is ours.

They are two because their readers are. The key of the secrets may be used by the
receiver and by those who read the secrets, and only by way of Secrets Manager; the key
of the operations by the services that write logs and messages, and by nobody who reads
secrets. Deleting either is final for what it has encrypted, so both outlive the stack.
"""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Config
from infra.names import Names

#: What an account's administrators may do with a key, as opposed to what it encrypts.
_ADMINISTRATION = [
    f"kms:{action}"
    for action in (
        "CreateAlias",
        "Describe*",
        "Enable*",
        "List*",
        "Put*",
        "Update*",
        "Revoke*",
        "Disable*",
        "Get*",
        "Delete*",
        "TagResource",
        "UntagResource",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
    )
]
_READS = ["kms:Decrypt", "kms:DescribeKey"]
#: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
_PUBLISHES = ["kms:Decrypt", "kms:GenerateDataKey*"]


def kept(config: Config) -> RemovalPolicy:
    """What becomes of things that cannot be made again, when the stack goes."""
    return RemovalPolicy.DESTROY if config.disposable else RemovalPolicy.RETAIN


def via(service: str, config: Config) -> dict[str, dict[str, str]]:
    """The condition that ``service`` uses the key for somebody."""
    domain = "amazonaws.com.cn" if config.partition == "aws-cn" else "amazonaws.com"
    return {"StringEquals": {"kms:ViaService": f"{service}.{config.region}.{domain}"}}


class Keys(Construct):
    """``secrets`` and ``operations``."""

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, receiver: iam.IRole
    ) -> None:
        super().__init__(scope, construct_id)
        names = Names(config)
        account = iam.AccountRootPrincipal()
        policy = iam.PolicyDocument(
            statements=[
                _allow("Administration", account, _ADMINISTRATION),
                _allow(
                    "Receiver",
                    receiver,
                    ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                    via("secretsmanager", config),
                ),
                *_readers(config, account),
            ]
        )
        self.secrets = self._key(
            "Secrets", "What is replicated from Vault", names.secrets_alias, config
        )
        _use_policy(self.secrets, policy)
        self.operations = self._key(
            "Operations",
            "Logs, messages and own secrets of the replicator",
            names.operations_alias,
            config,
        )
        for statement in _services(config):
            self.operations.add_to_resource_policy(statement)

    def _key(self, what: str, description: str, alias: str, config: Config) -> kms.Key:
        return kms.Key(
            self,
            what,
            alias=alias,
            description=f"{description} ({config.name})",
            enable_key_rotation=True,
            pending_window=Duration.days(7 if config.disposable else 30),
            removal_policy=kept(config),
        )


def _use_policy(key: kms.Key, policy: iam.PolicyDocument) -> None:
    """In the place of CDK's own, which leaves every use to IAM."""
    resource = key.node.default_child
    assert isinstance(resource, kms.CfnKey)
    resource.key_policy = policy


def _readers(config: Config, account: iam.IPrincipal) -> list[iam.PolicyStatement]:
    """Those who are named; nobody named: whoever IAM of this account lets."""
    through = via("secretsmanager", config)
    if not config.consumers:
        return [_allow("Account", account, _READS, through)]
    named = [iam.ArnPrincipal(arn) for arn in config.consumers]
    return [
        iam.PolicyStatement(
            sid="Consumers",
            principals=list(named),
            actions=_READS,
            resources=["*"],
            conditions=through,
        )
    ]


def _services(config: Config) -> list[iam.PolicyStatement]:
    own = {"StringEquals": {"aws:SourceAccount": config.account}}
    groups = config.arn("logs", f"log-group:{Names(config).log_group('*')}")
    return [
        _allow(
            "Logs",
            # Of each Region its own; in China, too, without .cn.
            iam.ServicePrincipal(f"logs.{config.region}.amazonaws.com"),
            [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey",
            ],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
        _allow(
            "Alarms", iam.ServicePrincipal("cloudwatch.amazonaws.com"), _PUBLISHES, own
        ),
        # EventBridge gives no source when it publishes to an encrypted topic.
        _allow("Events", iam.ServicePrincipal("events.amazonaws.com"), _PUBLISHES),
    ]


def _allow(
    sid: str,
    principal: iam.IPrincipal,
    actions: list[str],
    condition: dict[str, dict[str, str]] | None = None,
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        principals=[principal],
        actions=actions,
        resources=["*"],  # of a key policy: this key
        conditions=condition,
    )
