"""What one deployment is to be: one frozen object, made by ``context.py``.

Each key is checked by itself here. What the rules may say is for the receiver's own
loader (``configuration.py``).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from receiver.policies.in_aws import partition_of
from vault_audit_forwarder.program.addresses import check_url
from vault_audit_forwarder.program.config_file import (
    ConfigModel,
    ConfigPath,
    PositiveDuration,
)


def _cidr(value: str) -> str:
    try:
        ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError("must be an IPv4 network, as in 10.0.0.0/16") from None
    return value


def _below(value: str) -> str:
    if not value or value != value.strip("/") or "//" in value:
        raise ValueError("is written without slashes at its ends")
    return value


def _url(value: str) -> str:
    return check_url(value, example="https://vault.internal:8200")


def _form(pattern: str, said: str) -> Any:
    """A text of this form; ``said`` is how a person writes one."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"must be {said}")
        return value

    return AfterValidator(check)


#: What CloudWatch Logs takes, of those that anybody asks for.
Retention: TypeAlias = Literal[7, 14, 30, 60, 90, 180, 365, 400, 731, 1827, 3653]
_Cidr = Annotated[str, AfterValidator(_cidr)]
_Subnet = Annotated[str, _form(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "an id, subnet-…")]
_Principal = Annotated[
    str,
    _form(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]+)",
        "the ARN of a role, a user or an account (arn:aws:iam::123456789012:root)",
    ),
]
_Token = Annotated[str, _form(r"[a-z][a-z0-9-]{0,31}", "small letters, digits and -")]
Scope: TypeAlias = Literal["read", "sync", "admin"]


def _one_admin() -> dict[str, Scope]:
    return {"oncall": "admin"}


class ByConnectionSecret(ConfigModel):
    """The receiver's token is in a secret, which ``vault-replicator init-vault`` or
    somebody else fills."""

    method: Literal["secrets_manager"]


class ByAwsIdentity(ConfigModel):
    """Vault's AWS auth method takes the receiver's task role for ``role``."""

    method: Literal["aws"]
    role: Annotated[str, Field(min_length=1)]
    header: Annotated[str, Field(min_length=1)] | None = None
    mount: Annotated[str, AfterValidator(_below)] = "aws"


VaultAuth: TypeAlias = Annotated[
    ByConnectionSecret | ByAwsIdentity, Field(discriminator="method")
]


class OwnVpc(ConfigModel):
    """A VPC that exists. ``subnets`` are the tasks'; the load balancer takes
    ``balancer_subnets``, or the same."""

    id: Annotated[str, _form(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "a VPC's id, vpc-…")]
    cidr: _Cidr
    subnets: Annotated[tuple[_Subnet, ...], Field(min_length=2)]
    balancer_subnets: Annotated[tuple[_Subnet, ...], Field(min_length=2)] | None = None


class Config(ConfigModel):
    """One deployment. infra/README.md has a table of these keys."""

    account: Annotated[str, _form(r"[0-9]{12}", "an account's number, 12 digits")]
    region: Annotated[str, _form(r"([a-z]+-)+[0-9]+", "a Region, as in eu-central-1")]
    name: Annotated[
        str,
        _form(
            r"[a-z][a-z0-9-]{0,22}[a-z0-9]",
            "2 to 24 small letters, digits and hyphens, the last no hyphen",
        ),
    ] = "vault-replicator"
    prefix: Annotated[
        str,
        AfterValidator(_below),
        _form(r"[\w/.@-]+", "the beginning of names, as in vault or team/vault"),
    ] = "vault"
    mount: Annotated[str, AfterValidator(_below)] = "hybrid-aws-secrets"
    rules: tuple[dict[str, Any], ...] | None = None
    consumers: tuple[_Principal, ...] = ()
    tokens: dict[_Token, Scope] = Field(default_factory=_one_admin)
    interval: PositiveDuration = 1800.0
    scheduler: bool = False
    notice_email: Annotated[str, _form(r"[^@\s]+@[^@\s]+", "an address")] | None = None

    vault_address: Annotated[str, AfterValidator(_url)]
    vault_source: Annotated[str, _form(r"[^\s/]+", "a name without slash and space")]
    vault_namespace: str = ""
    vault_ca_file: ConfigPath | None = None
    vault_auth: VaultAuth = ByConnectionSecret(method="secrets_manager")
    vault_cidrs: tuple[_Cidr, ...] = ()
    vault_gateway: (
        Annotated[
            str,
            _form(
                r"(tgw|vgw)-[0-9a-f]+",
                "the id of a transit gateway (tgw-…) or a virtual private gateway "
                "(vgw-…)",
            ),
        ]
        | None
    ) = None

    domain_name: Annotated[
        str, _form(r"([a-z0-9-]+\.)+[a-z]+", "a host name, as in replicator.internal")
    ]
    certificate_arn: Annotated[
        str,
        _form(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+", "an ACM ARN"),
    ]
    hosted_zone_id: Annotated[str, _form(r"Z[A-Z0-9]+", "a zone's id, Z…")] | None = (
        None
    )
    internet_facing: bool = False
    forwarder_cidrs: tuple[_Cidr, ...] = ()

    vpc: OwnVpc | None = None
    vpc_cidr: _Cidr = "10.90.0.0/22"
    egress: Literal["nat", "endpoints", "public"] = "nat"

    image: (
        Annotated[
            str,
            _form(
                r"[a-z0-9._/-]+(:[\w.-]+|@sha256:[0-9a-f]{64})",
                "a repository of this account's ECR and a tag or a digest, as in "
                "vault-replicator:0.1.0",
            ),
        ]
        | None
    ) = None
    cpu: Literal[256, 512, 1024, 2048] = 512
    memory: int = 1024
    log_retention_days: Retention = 90
    disposable: bool = False
    demo_vault: bool = False
    demo_vault_cidrs: tuple[_Cidr, ...] = ()

    @property
    def partition(self) -> str:
        """aws, aws-us-gov or aws-cn."""
        return partition_of(self.region)

    @property
    def url(self) -> str:
        """Where people, forwarders and our own tasks reach the receiver."""
        return f"https://{self.domain_name}"

    @property
    def vault_host(self) -> str:
        """The name in Vault's address."""
        return urlsplit(self.vault_address).hostname or ""

    @property
    def vault_port(self) -> int:
        """The one port of Vault that the receiver may reach."""
        port = re.search(r":([0-9]+)$", self.vault_address)
        if port:
            return int(port[1])
        return 443 if self.vault_address.startswith("https:") else 80

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role_arn(self, name: str) -> str:
        """The ARN of a role of ours."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"
