"""What is denied stays so, though the role may do everything besides."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.core.fingerprint import MANAGED_BY, SEAL, SOURCE, US
from receiver.core.rules import FORCE, Rule, TargetSpec
from receiver.policies.in_aws import Besides, Where, aws_policy
from tests.iam import Call, is_allowed

REGION = "eu-central-1"
AT_ONCE = {"secretsmanager:ForceDeleteWithoutRecovery": "true"}
OURS = {f"aws:ResourceTag/{MANAGED_BY}": US, f"aws:ResourceTag/{SOURCE}": "vault-prod"}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def rule(mount: str, **target: Any) -> Rule:
    return Rule(name=mount, mount=mount, target=TargetSpec(region=REGION, **target))


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{name}-AbCdEf"


DENIED = [
    ("GetSecretValue", arn("kv/app"), OURS),
    ("GetSecretValue", arn("elsewhere/app"), {}),
    ("BatchGetSecretValue", "*", {}),
    ("CreateSecret", arn("elsewhere/app"), {}),
    ("DescribeSecret", arn("elsewhere/app"), {}),
    ("PutSecretValue", arn("elsewhere/app"), OURS),
    ("PutResourcePolicy", arn("elsewhere/app"), OURS),
    ("PutSecretValue", arn("hybrid/vault"), OURS),
    ("DeleteSecret", arn("hybrid/vault"), OURS),
    ("UntagResource", arn("kv/app"), OURS | {"aws:TagKeys": [SEAL, "team"]}),
    ("DeleteSecret", arn("kv/app"), OURS | AT_ONCE),
]
LET = [
    ("ListSecrets", "*", {}),
    ("GetSecretValue", arn("hybrid/vault"), {}),
    ("TagResource", arn("kv/app"), OURS),
    ("TagResource", arn("kv/app"), {}),
    ("UntagResource", arn("kv/app"), OURS | {"aws:TagKeys": ["team"]}),
    ("DeleteSecret", arn("kv/app"), OURS),
    ("DeleteSecret", arn("kv/forced/app"), OURS | AT_ONCE),
]


@pytest.mark.parametrize(
    ("call", "is_let"),
    [*((one, False) for one in DENIED), *((one, True) for one in LET)],
)
def test_whatever_else_is_allowed(
    call: tuple[str, str, dict[str, Any]], is_let: bool
) -> None:
    """A denial that were missing, or too wide, would show here."""
    policy = aws_policy(
        [rule("kv"), rule("kv/forced", on_delete=FORCE)],
        Where(source="vault-prod", account="123456789012"),
        besides=Besides(connection=(REGION, "hybrid/vault")),
    )
    action, resource, context = call
    made = Call(f"secretsmanager:{action}", resource, context)

    assert is_allowed([*policy, ALL], made) is is_let


def test_what_the_evaluator_does_not_know_fails() -> None:
    """An operator, an element or a key."""
    call = Call("a:B", "*", {})

    for strange in (
        {"NotAction": ["a:B"]},
        {"Condition": {"StringLike": {"aws:TagKeys": "x"}}},
        {"Condition": {"StringEquals": {"aws:SourceIp": "x"}}},
    ):
        with pytest.raises(AssertionError, match="not evaluated here"):
            is_allowed([ALL | strange], call)
    with pytest.raises(AssertionError, match="not evaluated here"):
        Call("a:B", "*", {"aws:SourceIp": "x"})
