"""Which events tell that others have changed replicated secrets: not ours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.foreign import failed_run, foreign_call, foreign_version
from infra.names import Names
from receiver.core.fingerprint import Fingerprint, Subject
from receiver.core.state import SecretRef, Value
from tests.infra.cdk.deployments import config
from tests.infra.cdk.event_pattern import matches

CONFIG = config()
ASSUMED = "arn:aws:iam::123456789012:role/replicator"
CALL = foreign_call(CONFIG, [ASSUMED])
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
PRINTS = Fingerprint(["k" * 32])


def moved(version_id: str, name: str = "vault/app/db") -> dict[str, Any]:
    """As Secrets Manager tells it."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Secret Label Updated",
        "source": "aws.secretsmanager",
        "account": "123456789012",
        "time": "2026-11-30T17:00:00Z",
        "region": "eu-central-1",
        "resources": [f"{ARN}{name}-AbCdEf"],
        "detail": {
            "name": name,
            "labelUpdated": "AWSCURRENT",
            "versionId": version_id,
        },
    }


def ours(version: int | None) -> str:
    value = Value('{"a":1}', version, "2026-11-30T17:00:00Z")
    place = Subject("vault-prod", SecretRef("", "kv", "app/db"), value, "1 ", "eu x")
    return PRINTS.version_id(place)


def caller(kind: str, issuer: str | None = None) -> dict[str, Any]:
    """``userIdentity`` of CloudTrail."""
    identity: dict[str, Any] = {
        "type": kind,
        "principalId": "AIDACKCEVSQ6C2EXAMPLE",
        "arn": "arn:aws:sts::123456789012:assumed-role/somebody/session",
        "accountId": "123456789012",
    }
    if issuer is not None:
        identity["sessionContext"] = {
            "sessionIssuer": {"type": "Role", "arn": issuer},
            "attributes": {"mfaAuthenticated": "false"},
        }
    return identity


SOMEBODY = caller("AssumedRole", "arn:aws:iam::123456789012:role/admin")
US = caller("AssumedRole", Names(CONFIG).task_role_arn)


def called(
    operation: str,
    identity: dict[str, Any],
    parameters: dict[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """As CloudTrail tells it."""
    return {
        "version": "0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.secretsmanager",
        "region": "eu-central-1",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": "2026-11-30T17:00:00Z",
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": operation,
            "sourceIPAddress": "203.0.113.7",
            "requestParameters": parameters,
            "responseElements": None,
            **more,
        },
    }


def delete(identity: dict[str, Any], secret: str = "vault/app/db") -> dict[str, Any]:
    return called(
        "DeleteSecret", identity, {"secretId": secret, "recoveryWindowInDays": 7}
    )


@pytest.mark.parametrize("version", [None, 1, 7, 19, 123456])
def test_a_version_of_ours_is_no_event(version: int | None) -> None:
    assert not matches(foreign_version(CONFIG), moved(ours(version)))


@given(st.uuids())
def test_what_aws_and_its_tools_write_is_one(version_id: UUID) -> None:
    assert matches(foreign_version(CONFIG), moved(str(version_id)))


@pytest.mark.parametrize(
    "version_id", ["terraform-20251130170000000000000001", "vault-1", "version-1" * 4]
)
def test_what_other_tools_write_is_one(version_id: str) -> None:
    """Of ours, a digit comes after the v."""
    assert matches(foreign_version(CONFIG), moved(version_id))


@pytest.mark.parametrize("name", ["vaults/app", "other", "vault-replicator/connection"])
def test_secrets_outside_the_prefix_are_none_of_ours(name: str) -> None:
    uuid = "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"

    assert not matches(foreign_version(CONFIG), moved(uuid, name))
    assert not matches(CALL, delete(SOMEBODY, name))
    assert not matches(CALL, delete(SOMEBODY, f"{ARN}{name}-AbCdEf"))


@pytest.mark.parametrize(
    "identity",
    [
        SOMEBODY,
        caller("IAMUser"),
        caller("Root"),
        caller("AssumedRole", "arn:aws:iam::222222222222:role/elsewhere"),
    ],
    ids=["role", "user", "root", "other account"],
)
@pytest.mark.parametrize("secret", ["vault/app/db", f"{ARN}vault/app/db-AbCdEf"])
def test_a_delete_by_anybody_else_is_told(
    identity: dict[str, Any], secret: str
) -> None:
    assert matches(CALL, delete(identity, secret))


@pytest.mark.parametrize(
    "operation",
    [
        "RestoreSecret",
        "TagResource",
        "UntagResource",
        "PutSecretValue",
        "UpdateSecret",
        "UpdateSecretVersionStage",
        "PutResourcePolicy",
        "DeleteResourcePolicy",
        "RotateSecret",
    ],
)
def test_all_that_changes_a_secret_is_told(operation: str) -> None:
    event = called(operation, SOMEBODY, {"secretId": "vault/app/db"})

    assert matches(CALL, event)


def test_a_name_that_somebody_else_takes_is_told() -> None:
    event = called("CreateSecret", SOMEBODY, {"name": "vault/app/db"})

    assert matches(CALL, event)


@pytest.mark.parametrize(
    "event",
    [
        delete(US),
        delete(caller("AssumedRole", ASSUMED)),
        called("CreateSecret", US, {"name": "vault/app/db"}),
        called("GetSecretValue", SOMEBODY, {"secretId": "vault/app/db"}),
        called("DescribeSecret", SOMEBODY, {"secretId": "vault/app/db"}),
        called(
            "DeleteSecret",
            SOMEBODY,
            {"secretId": "vault/app/db"},
            errorCode="AccessDenied",
        ),
    ],
    ids=[
        "our delete",
        "as a role of a rule",
        "our create",
        "a read",
        "a look",
        "refused",
    ],
)
def test_what_changes_nothing_or_is_ours_is_not_told(event: dict[str, Any]) -> None:
    assert not matches(CALL, event)


def stopped(family: str, **more: Any) -> dict[str, Any]:
    """As ECS tells it."""
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/"
            "vault-replicator",
            "group": f"family:{family}",
            "lastStatus": "STOPPED",
            "stoppedReason": "Essential container in task exited",
            "stopCode": "EssentialContainerExited",
            "containers": [{"name": "reconcile", "exitCode": 0}],
            **more,
        },
    }


RUN = "vault-replicator-reconcile"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (stopped(RUN), False),
        (stopped(RUN, containers=[{"name": "reconcile", "exitCode": 3}]), False),
        (stopped(RUN, containers=[{"name": "reconcile", "exitCode": 1}]), True),
        (stopped(RUN, containers=[{"name": "reconcile", "exitCode": 137}]), True),
        (
            stopped(
                RUN, stopCode="TaskFailedToStart", containers=[{"name": "reconcile"}]
            ),
            True,
        ),
        (stopped("vault-replicator-receiver", containers=[{"exitCode": 1}]), False),
        (
            stopped(RUN, containers=[{"exitCode": 1}], lastStatus="DEPROVISIONING"),
            False,
        ),
    ],
)
def test_a_run_that_could_not_ask_is_told(event: dict[str, Any], told: bool) -> None:
    """What it found, the receiver itself tells."""
    assert matches(failed_run(CONFIG), event) is told
