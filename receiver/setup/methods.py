"""What each way to log in takes in Vault: a mount, a role, sometimes its own settings.
Pure.

A role names the policy and nothing besides, not even ``default``: the policy holds what
the receiver's token needs. Its tokens live an hour, are renewed for a day, and then
there is a new login. Keys of a role that are not ours to say are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.auth_settings import (
    AppRoleAuth,
    AwsAuth,
    CertAuth,
    JwtAuth,
    KubernetesAuth,
    SecretsManagerAuth,
    TokenAuth,
)
from receiver.policies.arns import domain_of
from receiver.setup.intent import DEFAULT_NAME, Intent, Options

_HOUR, _DAY = 3_600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """``role`` is what we want at ``role_path``, and ``at_first`` besides for one that
    is not there yet. ``config`` are settings of the whole
    mount, of which others may use it too: ``given`` says whether somebody asked for
    just these. ``without`` is what to do when there are none and none are given."""

    type: str
    mount: str
    role_path: str
    role: Mapping[str, Any]
    at_first: Mapping[str, Any] = field(default_factory=dict)
    config_path: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    given: bool = True
    without: str = ""


def method_of(intent: Intent) -> Method | None:
    """None for the two that have a token and do not log in."""
    options, tokens = intent.options, _tokens(intent.options)
    match intent.auth:
        case TokenAuth() | SecretsManagerAuth():
            return None
        case AppRoleAuth(mount=mount):
            return _approle(mount, options, tokens)
        case KubernetesAuth(mount=mount, role=role):
            return _kubernetes(mount, role, options, tokens)
        case JwtAuth(mount=mount, role=role):
            return _jwt(mount, role, options, tokens)
        case CertAuth(mount=mount, role=role):
            shown = {"certificate": intent.certificate, "display_name": DEFAULT_NAME}
            path = f"auth/{mount}/certs/{role}"
            role_of = {**shown, **tokens}
            return Method(type="cert", mount=mount, role_path=path, role=role_of)
        case AwsAuth() as aws:
            return _aws(aws, options, tokens)


def _tokens(options: Options) -> dict[str, Any]:
    bound = {"token_bound_cidrs": list(options.cidrs)} if options.cidrs else {}
    return {
        "token_policies": [options.policy],
        "token_no_default_policy": True,
        "token_ttl": _HOUR,
        "token_max_ttl": _DAY,
        **bound,
    }


def _approle(mount: str, options: Options, tokens: dict[str, Any]) -> Method:
    bound = {"secret_id_bound_cidrs": list(options.cidrs)} if options.cidrs else {}
    return Method(
        type="approle",
        mount=mount,
        role_path=f"auth/{mount}/role/{options.role or DEFAULT_NAME}",
        role={"bind_secret_id": True, **bound, **tokens},
    )


def _kubernetes(
    mount: str, role: str, options: Options, tokens: dict[str, Any]
) -> Method:
    config: dict[str, Any] = {}
    if options.kubernetes_host:
        config["kubernetes_host"] = options.kubernetes_host
    if options.kubernetes_ca:
        # Vault is outside: each service account's own token asks who it is.
        config["kubernetes_ca_cert"] = options.kubernetes_ca
        config["disable_local_ca_jwt"] = True
    bound: dict[str, Any] = {
        "bound_service_account_names": list(options.service_accounts),
        "bound_service_account_namespaces": list(options.service_account_namespaces),
    }
    if options.audiences:
        bound["audience"] = options.audiences[0]
    return Method(
        type="kubernetes",
        mount=mount,
        role_path=f"auth/{mount}/role/{role}",
        role={**bound, **tokens},
        config_path=f"auth/{mount}/config",
        config=config,
        without="say --kubernetes-host",
    )


def _jwt(mount: str, role: str, options: Options, tokens: dict[str, Any]) -> Method:
    config = {
        "oidc_discovery_url": options.discovery_url,
        "jwks_url": options.jwks_url,
        "jwt_validation_pubkeys": list(options.jwt_keys),
        "bound_issuer": options.issuer,
    }
    bound: dict[str, Any] = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": list(options.audiences),
    }
    if options.subject:
        bound["bound_subject"] = options.subject
    if options.claims:
        bound["bound_claims"] = dict(options.claims)
    return Method(
        type="jwt",
        mount=mount,
        role_path=f"auth/{mount}/role/{role}",
        role={**bound, **tokens},
        config_path=f"auth/{mount}/config",
        config={key: value for key, value in config.items() if value},
        without="say --discovery-url, --jwks-url or --jwt-key",
    )


def _aws(auth: AwsAuth, options: Options, tokens: dict[str, Any]) -> Method:
    """The receiver signs for the STS of its Region, so that is the one to ask."""
    config = {
        "sts_endpoint": f"https://sts.{auth.region}.{domain_of(auth.region)}",
        "sts_region": auth.region,
        "iam_server_id_header_value": auth.header,
    }
    bound = {
        "auth_type": "iam",
        "bound_iam_principal_arn": list(options.principals),
    }
    return Method(
        type="aws",
        mount=auth.mount,
        role_path=f"auth/{auth.mount}/role/{auth.role}",
        role={**bound, **tokens},
        # Otherwise Vault would need AWS credentials of its own, to look the ARN up;
        # where it does look it up, it does not let that be taken back.
        at_first={"resolve_aws_unique_ids": False},
        config_path=f"auth/{auth.mount}/config/client",
        config={key: value for key, value in config.items() if value},
        given=False,
    )
