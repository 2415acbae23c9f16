"""The method ``aws``, which only Vault has: what is sent. And what is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.setup.intent import faults
from receiver.setup.logins import login_steps
from receiver.setup.steps import Kind, Step
from tests.unit.setup.intents import found, intent

ROLE = "arn:aws:iam::123456789012:role/replicator"
AWS = {"method": "aws", "role": "us", "region": "eu-central-1", "header": "vault.x"}


def steps(method: dict[str, Any] = AWS, **given: Any) -> list[Step]:
    return list(login_steps(intent(method, principals=[ROLE]), found(**given)))


def test_aws_is_bound_to_a_principal_and_signed_for_its_own_region() -> None:
    """Vault asks the STS for which the receiver signs, and wants the header."""
    mount, config, role = steps()

    assert [(step.kind, step.name) for step in (mount, config, role)] == [
        (Kind.CREATE, "auth/aws"),
        (Kind.CREATE, "auth/aws/config/client"),
        (Kind.CREATE, "auth/aws/role/us"),
    ]
    assert [dict(step.calls[0].body) for step in (mount, config, role)] == [
        {"type": "aws"},
        {
            "sts_endpoint": "https://sts.eu-central-1.amazonaws.com",
            "sts_region": "eu-central-1",
            "iam_server_id_header_value": "vault.x",
        },
        {
            "auth_type": "iam",
            "bound_iam_principal_arn": [ROLE],
            "token_policies": ["vault-replicator"],
            "token_no_default_policy": True,
            "token_ttl": 3600,
            "token_max_ttl": 86400,
            "resolve_aws_unique_ids": False,
        },
    ]


def test_china_has_a_domain_of_its_own() -> None:
    """Of STS too."""
    _, config, _ = steps({**AWS, "region": "cn-north-1"})

    assert config.calls[0].body["sts_endpoint"] == (
        "https://sts.cn-north-1.amazonaws.com.cn"
    )


def test_what_others_log_in_with_is_left_alone() -> None:
    """Settings of the mount that nobody gave are told when they differ; those that
    are not set yet are written."""
    there = {"auth": {"aws": "aws"}}
    _, other, _ = steps(**there, config={"sts_region": "us-east-1"})
    _, unset, _ = steps(**there, config={"sts_region": "", "access_key": "x"})

    assert (other.kind, other.calls) == (Kind.NEEDS_YOU, ())
    assert "sts_region=eu-central-1" in other.detail
    assert unset.kind is Kind.CHANGE


def test_a_vault_that_follows_the_clients_region_needs_none() -> None:
    """Only the header is looked at then."""
    config = {
        "use_sts_region_from_client": True,
        "iam_server_id_header_value": "vault.x",
    }
    _, step, _ = steps(auth={"aws": "aws"}, config=config)

    assert step.kind is Kind.THERE


def test_a_role_that_is_kept_by_its_unique_id_stays_so() -> None:
    """Vault does not let that be taken back."""
    role = {
        "auth_type": "iam",
        "bound_iam_principal_arn": [ROLE],
        "resolve_aws_unique_ids": True,
        "token_policies": ["vault-replicator"],
        "token_no_default_policy": True,
        "token_ttl": "3600",
        "token_max_ttl": "600",
    }
    *_, step = steps(auth={"aws": "aws"}, role=role)

    assert step.kind is Kind.CHANGE
    assert step.detail == "differs in token_max_ttl"
    assert "resolve_aws_unique_ids" not in step.calls[0].body


def test_a_mount_of_another_method_is_not_used() -> None:
    """Nothing is written to it."""
    (mount,) = steps(auth={"aws": "userpass"})

    assert mount.kind is Kind.NEEDS_YOU
    assert "is of the type userpass" in mount.detail


@pytest.mark.parametrize(
    ("auth", "options", "said"),
    [
        (AWS, {}, "vault.auth aws also needs --principal"),
        (
            {"method": "jwt", "role": "r", "jwt_file": "/jwt"},
            {},
            "vault.auth jwt also needs --audience, --subject or --claim",
        ),
        (
            {"method": "kubernetes", "role": "r"},
            {},
            "vault.auth kubernetes also needs --service-account, "
            "--service-account-namespace",
        ),
        (None, {"principals": [ROLE]}, "--principal is for aws, and vault.auth is"),
        (None, {"cidrs": ["10.0.0.0/8"]}, "--cidr is for jwt and kubernetes and aws"),
        (None, {"policy": "Root"}, "--policy must be a name of its own, in lower case"),
        (None, {"policy": "default"}, "--policy must be a name of its own"),
        (None, {"enable_audit": True}, "--enable-audit needs --audit-socket or"),
        (
            {"method": "jwt", "role": "r", "jwt_file": "/jwt"},
            {"audiences": "a", "subject": "s", "jwks_url": "x", "discovery_url": "y"},
            "--jwks-url, --discovery-url and --jwt-key exclude one another",
        ),
        (
            {"method": "kubernetes", "role": "r"},
            {
                "service_accounts": ["a"],
                "service_account_namespaces": ["b"],
                "kubernetes_ca": "PEM",
            },
            "--kubernetes-ca needs --kubernetes-host beside it",
        ),
        (
            {"method": "kubernetes", "role": "r"},
            {
                "service_accounts": ["a"],
                "service_account_namespaces": ["b"],
                "audiences": ["c", "d"],
            },
            "--audience is one for kubernetes",
        ),
    ],
)
def test_options_that_are_missing_or_somebody_elses(
    auth: dict[str, Any] | None, options: dict[str, Any], said: str
) -> None:
    """Each is named, and nothing else is wrong."""
    (fault,) = faults(intent(auth, **options))

    assert fault.startswith(said)
