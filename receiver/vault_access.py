"""The connection to Vault by the configuration: the session, and as whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from receiver.adapters.aws_identity import AwsIdentity
from receiver.adapters.connection_secret import ConnectionSecret
from receiver.adapters.vault_credential import Credential
from receiver.adapters.vault_http import OnRequest, VaultHttp, VaultNode
from receiver.adapters.vault_login import Claim, Login, login_at
from receiver.adapters.vault_session import VaultSession
from receiver.adapters.vault_token import TokenFile
from receiver.auth_settings import (
    AppRoleAuth,
    AwsAuth,
    CertAuth,
    JwtAuth,
    KubernetesAuth,
    SecretsManagerAuth,
    TokenAuth,
)
from receiver.settings import Settings
from vault_audit_forwarder.program.secret_files import SecretFile, read_secret_file


def open_vault(
    settings: Settings, *, connections: int, on_request: OnRequest
) -> tuple[VaultHttp, Credential]:
    """Asks nobody yet. The connections are closed with the first of the two. Raises
    CommandError for files that cannot be used."""
    vault = settings.vault
    session = VaultSession(
        ca_file=str(vault.ca_file) if vault.ca_file else None, connections=connections
    )
    node = VaultNode(
        vault.address, session, timeout=vault.timeout, on_request=on_request
    )
    credential = _credential(settings, node)
    return VaultHttp(node, credential), credential


def _credential(settings: Settings, node: VaultNode) -> Credential:
    vault, aws = settings.vault, settings.aws
    match vault.auth:
        case TokenAuth(token_file=file):
            return TokenFile(SecretFile(file))
        case SecretsManagerAuth(secret_id=secret_id):
            identity = AwsIdentity(aws.region, endpoint_url=aws.endpoint_url)
            return ConnectionSecret(partial(identity.secret, secret_id), vault.address)
        case _:
            claim = _claim(settings, node.session)
            return Login(login_at(node, vault.namespace, claim))


def _claim(settings: Settings, session: VaultSession) -> Callable[[], Claim]:
    auth = settings.vault.auth
    match auth:
        case AppRoleAuth():
            return partial(_by_role_id, auth)
        case KubernetesAuth() | JwtAuth():
            return partial(_by_jwt, auth.mount, auth.role, auth.jwt_file)
        case CertAuth():
            return partial(_by_certificate, auth, session)
        case AwsAuth():
            aws = AwsIdentity(auth.region, endpoint_url=settings.aws.endpoint_url)
            return partial(_by_identity, auth, aws)
        case TokenAuth() | SecretsManagerAuth():
            raise AssertionError("these do not log in")


def _by_role_id(auth: AppRoleAuth) -> Claim:
    ids = {
        "role_id": read_secret_file(auth.role_id_file),
        "secret_id": read_secret_file(auth.secret_id_file),
    }
    return Claim(f"auth/{auth.mount}/login", ids)


def _by_jwt(mount: str, role: str, file: Path) -> Claim:
    return Claim(f"auth/{mount}/login", {"role": role, "jwt": read_secret_file(file)})


def _by_certificate(auth: CertAuth, session: VaultSession) -> Claim:
    session.present(auth.cert_file, auth.key_file)
    return Claim(f"auth/{auth.mount}/login", {"name": auth.role})


def _by_identity(auth: AwsAuth, aws: AwsIdentity) -> Claim:
    return Claim(
        f"auth/{auth.mount}/login", {"role": auth.role, **aws.signed(auth.header)}
    )
