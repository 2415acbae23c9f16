"""``vault.auth``: as whom we ask Vault, one model for each method.

``mount`` is where the method is enabled, without ``auth/`` and outer slashes. Files
are read at each login, so that what is rotated there is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from vault_audit_forwarder.program.config_file import ConfigModel, ConfigPath

_Text = Annotated[str, Field(min_length=1)]


def _bare(value: str) -> str:
    if not value or value != value.strip("/"):
        raise ValueError("is written without slashes at its ends")
    return value


_Mount = Annotated[str, AfterValidator(_bare)]


class TokenAuth(ConfigModel):
    """A Vault token in a file, read again whenever the file changes."""

    method: Literal["token"]
    token_file: ConfigPath


class AppRoleAuth(ConfigModel):
    """A role and its secret id, each in a file."""

    method: Literal["approle"]
    role_id_file: ConfigPath
    secret_id_file: ConfigPath
    mount: _Mount = "approle"


class KubernetesAuth(ConfigModel):
    """The service account of our pod."""

    method: Literal["kubernetes"]
    role: _Text
    jwt_file: ConfigPath = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    mount: _Mount = "kubernetes"


class JwtAuth(ConfigModel):
    """A JWT that the platform keeps fresh in a file."""

    method: Literal["jwt"]
    role: _Text
    jwt_file: ConfigPath
    mount: _Mount = "jwt"


class AwsAuth(ConfigModel):
    """Our AWS identity. ``region``: whose STS signs for it; ``header``: the value of
    ``X-Vault-AWS-IAM-Server-ID`` that the method asks for."""

    method: Literal["aws"]
    role: _Text
    region: _Text
    header: _Text | None = None
    mount: _Mount = "aws"


class CertAuth(ConfigModel):
    """A TLS certificate, shown to Vault itself."""

    method: Literal["cert"]
    cert_file: ConfigPath
    key_file: ConfigPath
    role: _Text
    mount: _Mount = "cert"


class SecretsManagerAuth(ConfigModel):
    """A secret in AWS Secrets Manager that holds ``{vaultAddress, vaultToken}``."""

    method: Literal["secrets_manager"]
    secret_id: _Text


VaultAuth: TypeAlias = Annotated[
    TokenAuth
    | AppRoleAuth
    | KubernetesAuth
    | JwtAuth
    | AwsAuth
    | CertAuth
    | SecretsManagerAuth,
    Field(discriminator="method"),
]
