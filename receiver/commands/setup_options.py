"""The options of ``init-vault``, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_LOGIN, _AUDIT = "How the receiver logs in", "Audit devices"

Policy = Annotated[
    str, typer.Option("--policy", metavar="NAME", help="The policy's name.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show every request that it would make, and change nothing."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
EnableMounts = Annotated[
    bool,
    typer.Option("--enable-mounts", help="Make the rules' mounts that do not exist."),
]
Demo = Annotated[
    bool,
    typer.Option(
        "--demo",
        help="Also a sample: an engine that no rule covers, and three secrets, one "
        "of them not to be replicated.",
    ),
]


def _login(flag: str, metavar: str, help: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help, rich_help_panel=_LOGIN)


def _audit(flag: str, metavar: str | None, help: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help, rich_help_panel=_AUDIT)


_Texts = list[str] | None
Role = Annotated[str | None, _login("--role", "NAME", "approle: the role's name.")]
Period = Annotated[
    str | None,
    _login("--period", "24h", "token, secrets_manager: renewed within this time."),
]
Cidr = Annotated[
    _Texts,
    _login("--cidr", "NET", "Only from this network; not for a token. Repeatable."),
]
ServiceAccount = Annotated[
    _Texts, _login("--service-account", "NAME", "kubernetes: the receiver's.")
]
AccountNamespace = Annotated[
    _Texts,
    _login("--service-account-namespace", "NS", "kubernetes: where that one is."),
]
KubernetesHost = Annotated[
    str | None,
    _login("--kubernetes-host", "URL", "kubernetes: the cluster's API, as Vault sees."),
]
KubernetesCa = Annotated[
    Path | None,
    _login("--kubernetes-ca", "FILE", "kubernetes: its CA, for a Vault outside of it."),
]
Audience = Annotated[
    _Texts, _login("--audience", "A", "jwt, kubernetes: whom the token is for.")
]
Subject = Annotated[
    str | None, _login("--subject", "SUB", "jwt: whose token it is, exactly.")
]
Claim = Annotated[
    _Texts, _login("--claim", "K=V", "jwt: a claim that it must have. Repeatable.")
]
Issuer = Annotated[str | None, _login("--issuer", "ISS", "jwt: who issues it.")]
JwksUrl = Annotated[
    str | None, _login("--jwks-url", "URL", "jwt: the issuer's keys, as Vault sees.")
]
DiscoveryUrl = Annotated[
    str | None, _login("--discovery-url", "URL", "jwt: the issuer's OIDC discovery.")
]
JwtKey = Annotated[
    list[Path] | None,
    _login("--jwt-key", "FILE", "jwt: the issuer's public key in PEM. Repeatable."),
]
Principal = Annotated[
    _Texts, _login("--principal", "ARN", "aws: the receiver's IAM role or user.")
]
KmsKey = Annotated[
    str | None,
    _login("--kms-key", "KEY", "secrets_manager: encrypts a new connection secret."),
]
AuditSocket = Annotated[
    str | None,
    _audit("--audit-socket", "PATH|HOST:PORT", "Where the forwarder listens."),
]
ForwarderConfig = Annotated[
    Path | None,
    _audit("--forwarder-config", "FILE", "The same, from its forwarder.yaml."),
]
AuditFile = Annotated[
    Path | None,
    _audit("--audit-file", "PATH", "A file device besides, on Vault's host."),
]
EnableAudit = Annotated[
    bool, _audit("--enable-audit", None, "Enable what is missing (Vault).")
]
AuditStanza = Annotated[
    Path | None,
    _audit("--audit-stanza", "FILE", "Write the devices' configuration (OpenBao)."),
]
