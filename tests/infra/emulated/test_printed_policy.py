"""The policies that are printed, held by roles of an emulated account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from receiver.core.rules import FORCE, RETAIN, Rule, TargetSpec
from receiver.core.state import Replica
from receiver.policies.in_aws import Besides, Where, aws_policy
from tests.iam import Answer, Call, answer
from tests.infra.emulated.emulator import ACCOUNT, REGION, Emulator
from tests.infra.emulated.probes import (
    ALLOWED,
    DENIED,
    NOT_GRANTED,
    OF_THE_CONNECTION,
    OTHER_SERVICES,
    OUR_TAGS,
    OURS,
    PROBES,
    VAULT,
    Elsewhere,
    Probe,
)
from tests.infra.emulated.role import Role, emulated, holds, holds_elsewhere, said

pytestmark = pytest.mark.integration

WHERE = Where(source=VAULT, account=ACCOUNT)


def named(probe: Probe | Elsewhere) -> str:
    return probe.name


def rule(**target: Any) -> Rule:
    return Rule(name="r", mount="kv", target=TargetSpec(region=REGION, **target))


@dataclass(frozen=True)
class Account:
    """What a policy names besides secrets."""

    emulator: Emulator
    key: str
    topic: str
    other: str

    def role(
        self, name: str, rules: Sequence[Rule], besides: Besides | None = None
    ) -> Role:
        """One that has what is printed for these."""
        policy = aws_policy(rules, WHERE, besides=besides)
        arn = self.emulator.role(name, policy)
        return Role(self.emulator, policy, "kv/", self.emulator.assumed(arn))


@pytest.fixture(scope="module")
def account(emulator: Emulator) -> Account:
    root = emulator.client
    root("secretsmanager").create_secret(Name=Role.connection, SecretString="token")
    topics = [
        root("sns").create_topic(Name=name)["TopicArn"] for name in ("told", "other")
    ]
    key = root("kms").create_key()["KeyMetadata"]["Arn"]
    return Account(emulator, key, *topics)


@pytest.fixture(scope="module")
def usual(account: Account) -> Role:
    """One rule, as most have it."""
    return account.role("usual", [rule()])


@pytest.fixture(scope="module")
def rich(account: Account) -> Role:
    """A rule that uses all there is, and all that is needed besides rules."""
    besides = Besides(
        topics=[account.topic],
        topic_key=(REGION, account.key),
        connection=(REGION, Role.connection),
        connection_key=account.key,
    )
    uses = {"kms_key_id": account.key, "replicas": (Replica("eu-west-1"),)}
    return account.role("rich", [rule(on_delete=FORCE, **uses)], besides)


@pytest.mark.parametrize("probe", PROBES, ids=named)
def test_the_usual_policy(usual: Role, probe: Probe) -> None:
    """Writes below the prefix on what carries our tags, and nothing else."""
    holds(usual, probe)


@pytest.mark.parametrize("probe", [*PROBES, *OF_THE_CONNECTION], ids=named)
def test_a_rich_policy(rich: Role, probe: Probe) -> None:
    """The same; its rule deletes at once, and Vault's token may be read, no more."""
    holds(rich, probe, ALLOWED if probe.name == "delete at once" else None)


@pytest.mark.parametrize("probe", OF_THE_CONNECTION, ids=named)
def test_where_vaults_token_is_not_in_aws(usual: Role, probe: Probe) -> None:
    """Its secret is one like any other."""
    holds(usual, probe, DENIED)


def test_copies(rich: Role, usual: Role) -> None:
    """May be made where a rule has some, of what is ours."""
    made = {"AddReplicaRegions": [{"Region": "eu-west-1"}]}
    probe = Probe("copy", ALLOWED, "ReplicateSecretToRegions", OURS, made)

    holds(rich, probe)
    holds(usual, probe, NOT_GRANTED)


def test_what_is_retained_cannot_be_deleted(account: Account) -> None:
    """No rule of this role's ever deletes."""
    role = account.role("retaining", [rule(on_delete=RETAIN)])
    (probe,) = (one for one in PROBES if one.name == "delete ours")

    holds(role, probe, NOT_GRANTED)


def test_a_name_without_a_pattern(account: Account) -> None:
    """A free name is asked for without the suffix that AWS will give it, and one that
    is taken with it."""
    whole = "whole/name"
    spec = TargetSpec(region=REGION, name="{path}")
    exact = Rule(name="r", mount="kv", include=(whole,), target=spec)
    role = account.role("exact", [exact])
    secrets = role.emulator.client("secretsmanager", role.who)
    tags = [{"Key": key, "Value": value} for key, value in OUR_TAGS.items()]
    created = {"SecretString": "a", "Tags": tags}

    with pytest.raises(ClientError, match="can't find"):
        secrets.describe_secret(SecretId=whole)
    secrets.create_secret(Name=whole, **created)
    secrets.put_secret_value(SecretId=whole, SecretString="b")
    longer = f"{whole}/more"
    assert said(lambda: secrets.describe_secret(SecretId=longer)) is DENIED
    assert said(lambda: secrets.create_secret(Name=longer, **created)) is DENIED


def test_roles_of_rules(account: Account) -> None:
    """Who runs the receiver may assume what a rule names, and has nothing besides; that
    role writes below the rule's names and knows nothing of Vault's token."""
    emulator = account.emulator
    far = f"arn:aws:iam::{ACCOUNT}:role/far"
    rules = [rule(role_arn=far)]
    policy = aws_policy(rules, WHERE, role_arn=far)
    assert emulator.role("far", policy) == far
    stranger = emulator.role("stranger", policy)
    runner = account.role("runner", rules)

    role = Role(emulator, policy, "kv/", emulator.assumed(far, runner.who))
    assert said(lambda: emulator.assumed(stranger, runner.who)) is NOT_GRANTED
    for probe in PROBES:
        holds(role, probe)
        assert emulated(runner, probe) is NOT_GRANTED


@pytest.mark.parametrize("probe", OTHER_SERVICES, ids=named)
def test_other_services(account: Account, rich: Role, probe: Elsewhere) -> None:
    """Our topic is told, and that is all: a key is no use but by way of a service."""
    there = {"topic": account.topic, "other_topic": account.other, "key": account.key}
    holds_elsewhere(rich, probe, **there)


@pytest.mark.parametrize(
    ("use", "by", "wanted"),
    [
        ("GenerateDataKey", "secretsmanager", ALLOWED),
        ("Decrypt", "secretsmanager", ALLOWED),
        ("GenerateDataKey", "sns", ALLOWED),
        ("Encrypt", "sns", NOT_GRANTED),
        ("Decrypt", "s3", NOT_GRANTED),
        ("CreateGrant", "secretsmanager", NOT_GRANTED),
    ],
)
def test_keys_by_way_of_a_service(
    account: Account, rich: Role, use: str, by: str, wanted: Answer
) -> None:
    """The evaluator alone: in the emulator Secrets Manager and SNS ask no key."""
    way = {"kms:ViaService": f"{by}.{REGION}.amazonaws.com"}

    assert answer(rich.policy, Call(f"kms:{use}", account.key, way)) is wanted
