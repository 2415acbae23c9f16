"""The stack as it stands in an emulated account, and what its role can do there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from receiver.policies.in_aws import Besides, Where, aws_policy
from tests.infra.emulated.deployment import (
    CONSUMER,
    RECEIVER,
    STACK,
    Assembly,
    Deployment,
)
from tests.infra.emulated.emulator import ACCOUNT, REGION
from tests.infra.emulated.hearing import Hear, hearing
from tests.infra.emulated.lacking import TYPES
from tests.infra.emulated.probes import (
    NOT_GRANTED,
    OF_THE_CONNECTION,
    OTHER_SERVICES,
    PROBES,
    VAULT,
    Elsewhere,
    Probe,
)
from tests.infra.emulated.role import Role, holds, holds_elsewhere, said

pytestmark = pytest.mark.integration

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}"


def named(probe: Probe | Elsewhere) -> str:
    return probe.name


@pytest.fixture(scope="module")
def role(deployment: Deployment) -> Role:
    """The task's, as it was deployed."""
    return deployment.receiver()


@pytest.mark.parametrize("probe", [*PROBES, *OF_THE_CONNECTION], ids=named)
def test_its_role_and_secrets(role: Role, probe: Probe) -> None:
    """What is deployed allows and denies what is printed."""
    holds(role, probe)


@pytest.mark.parametrize("key", ["secrets", "operations"])
@pytest.mark.parametrize("probe", OTHER_SERVICES, ids=named)
def test_its_role_and_other_services(
    deployment: Deployment, role: Role, probe: Elsewhere, key: str
) -> None:
    """Of two keys neither is any use to it by itself."""
    other = deployment.ask("sns", "create_topic", Name="other")["TopicArn"]
    there = {"topic": TOPIC, "other_topic": other, "key": deployment.key(key)}
    holds_elsewhere(role, probe, **there)


def test_it_has_what_the_command_prints(deployment: Deployment, role: Role) -> None:
    """For the very configuration that its task gets, and the stack's own key."""
    settings = deployment.settings()
    key = f"alias/{STACK}-operations"
    besides = Besides(
        topics=[TOPIC],
        topic_key=(REGION, key),
        connection=(REGION, role.connection),
        connection_key=key,
    )
    where = Where(source=VAULT, account=ACCOUNT)
    printed = aws_policy(settings.to_rules(), where, besides=besides)

    assert [_flat(one) for one in role.policy] == [_flat(one) for one in printed]


def _flat(statement: Mapping[str, Any]) -> dict[str, Any]:
    """CDK writes a list of one as that one."""
    return {
        key: [value] if isinstance(value, str) else value
        for key, value in statement.items()
    }


def test_a_consumer_reads_by_way_of_secrets_manager(deployment: Deployment) -> None:
    """Whom the key's policy names may read what IAM lets it; the key by itself answers
    it nothing, whatever IAM says."""
    emulator, key = deployment.emulator, deployment.key("secrets")
    everything = {"Effect": "Allow", "Action": ["kms:*", "secretsmanager:*"]}
    emulator.role(CONSUMER.rpartition("/")[2], [{**everything, "Resource": "*"}])
    who = emulator.assumed(CONSUMER)
    made = {"Name": "vault/read", "SecretString": "a", "KmsKeyId": key}
    deployment.ask("secretsmanager", "create_secret", **made)
    sealed = deployment.ask("kms", "encrypt", KeyId=key, Plaintext=b"a")
    blob = {"KeyId": key, "CiphertextBlob": sealed["CiphertextBlob"]}
    kms, secrets = (emulator.client(one, who) for one in ("kms", "secretsmanager"))

    read = secrets.get_secret_value(SecretId="vault/read")
    assert read["SecretString"] == "a"
    assert said(lambda: kms.decrypt(**blob)) is NOT_GRANTED


def test_the_task(deployment: Deployment) -> None:
    """One, never two; with its configuration, and secrets by reference only."""
    service, files = deployment.service(), deployment.task("files")
    limits = service["deploymentConfiguration"]

    assert service["desiredCount"] == 1
    assert (limits["minimumHealthyPercent"], limits["maximumPercent"]) == (0, 100)
    assert deployment.settings().vault.source == VAULT
    environment = json.dumps(files["environment"])
    for secret in deployment.own_secrets():
        held = deployment.ask("secretsmanager", "get_secret_value", SecretId=secret)
        assert held["SecretString"] not in environment
    # Which, the emulator gives back in a form that the client cannot read.
    assert len(files["secrets"]) == 4


def test_own_secrets_lie_where_the_role_cannot_write(deployment: Deployment) -> None:
    """Each below the stack's name, none below the prefix."""
    own = deployment.own_secrets()

    assert len(own) == 5
    assert all(name.startswith(f"{STACK}/") for name in own)


def test_whoever_has_to_know_is_told(deployment: Deployment) -> None:
    """By mail, and each alarm tells the same topic."""
    (subscription,) = deployment.subscriptions("email")
    alarms = deployment.ask("cloudwatch", "describe_alarms")["MetricAlarms"]

    assert subscription["Endpoint"] == "oncall@example.org"
    assert len(alarms) >= 6
    for alarm in alarms:
        assert TOPIC in alarm["AlarmActions"], alarm["AlarmName"]


def test_logs_end_and_are_encrypted(deployment: Deployment) -> None:
    """Every group of ours."""
    groups = deployment.ask("logs", "describe_log_groups")["logGroups"]
    key = deployment.key("operations")

    assert {group["logGroupName"] for group in groups} == {
        f"/{STACK}/{what}" for what in ("network", "receiver", "reconcile")
    }
    for group in groups:
        assert group["retentionInDays"] == 90
        assert group["kmsKeyId"] == key


def test_what_is_told_after_a_deployment(deployment: Deployment) -> None:
    """What the next steps need, and no value of a secret."""
    outputs = deployment.outputs()

    assert outputs["Address"] == "https://replicator.internal"
    assert outputs["TopicArn"] == TOPIC
    assert outputs["ReceiverRoleArn"].endswith(f"role/{RECEIVER}")
    assert {"SigningKeyArn", "ConnectionSecretArn", "TokenOncallArn"} <= outputs.keys()


@pytest.fixture
def heard(deployment: Deployment) -> Iterator[Hear]:
    """What the topic says from now on."""
    with hearing(deployment, TOPIC) as hear:
        yield hear


def test_a_version_of_somebody_else_is_told(
    deployment: Deployment, heard: Hear
) -> None:
    """By the event that Secrets Manager itself sends. One of ours, and one elsewhere,
    are not: what comes next is told instead."""
    put = deployment.emulator.client("secretsmanager").put_secret_value
    for name in ("vault/told", "elsewhere/told"):
        made = {"Name": name, "SecretString": "a"}
        deployment.ask("secretsmanager", "create_secret", **made)
    ours, theirs = f"v7-{'a' * 52}", str(uuid.uuid4())

    put(SecretId="vault/told", SecretString="b", ClientRequestToken=ours)
    put(SecretId="elsewhere/told", SecretString="b")
    put(SecretId="vault/told", SecretString="c", ClientRequestToken=theirs)

    text = heard()
    assert "a version of vault/told that is not ours" in text
    assert theirs in text


BY_US = {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{RECEIVER}"}}
BY_A_ROLE = {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/admin"}}
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"


@pytest.mark.parametrize(
    ("matches", "detail"),
    [
        (True, {"eventName": "DeleteSecret"}),
        (True, {"eventName": "TagResource", "userIdentity": {"type": "IAMUser"}}),
        (True, {"eventName": "CreateSecret", "requestParameters": {"name": "vault/a"}}),
        (True, {"requestParameters": {"secretId": f"{SECRET}vault/a-AbCdEf"}}),
        (False, {"userIdentity": {"sessionContext": BY_US}}),
        (False, {"requestParameters": {"secretId": "elsewhere/a"}}),
        (False, {"eventName": "DescribeSecret"}),
        (False, {"errorCode": "AccessDenied"}),
    ],
)
def test_calls_of_others_are_told(
    deployment: Deployment, matches: bool, detail: dict[str, Any]
) -> None:
    """The entries of CloudTrail that the rule takes: changes below the prefix that
    somebody else has made."""
    kind = "AWS API Call via CloudTrail"
    usual = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "PutSecretValue",
        "requestParameters": {"secretId": "vault/a"},
        "userIdentity": {"type": "AssumedRole", "sessionContext": BY_A_ROLE},
    }
    event = {
        "id": "1",
        "account": ACCOUNT,
        "region": REGION,
        "time": "2026-11-30T10:00:00Z",
        "resources": [],
        "source": "aws.secretsmanager",
        "detail-type": kind,
        "detail": usual | detail,
    }
    asked = {"EventPattern": deployment.pattern(kind), "Event": json.dumps(event)}

    assert deployment.ask("events", "test_event_pattern", **asked)["Result"] is matches


def test_it_is_not_destroyed_by_mistake(
    deployment: Deployment, assemblies: tuple[Assembly, Assembly]
) -> None:
    """Its protection has to be taken off first."""
    refused = deployment.run(*assemblies[0].destroying())

    assert refused.returncode != 0
    assert "TerminationProtection" in refused.stdout + refused.stderr
    assert deployment.outputs()


def test_nothing_else_was_left_out(assemblies: tuple[Assembly, Assembly]) -> None:
    """When the emulator learns to make one, or the stack has one no more, its line in
    ``lacking.py`` can go."""
    for assembly in assemblies:
        assert set(assembly.left_out) == set(TYPES)
