"""A stack that is changed, and one that goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.iam import Call, answer
from tests.infra.emulated.conftest import Begin
from tests.infra.emulated.deployment import (
    FORCED,
    STACK,
    Assembly,
    Deployment,
)
from tests.infra.emulated.emulator import ACCOUNT, REGION
from tests.infra.emulated.probes import (
    ALLOWED,
    DENIED,
    OF_THE_CONNECTION,
    OUR_TAGS,
    PROBES,
)
from tests.infra.emulated.role import holds

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def changed(
    begin: Begin, assemblies: tuple[Assembly, Assembly]
) -> Iterator[tuple[Deployment, dict[str, Any]]]:
    """Deployed, and again with another interval, the scheduler and one more rule. And
    the service as it was before."""
    with begin() as deployment:
        before = deployment.service()
        deployment.deploy(assemblies[1])
        yield deployment, before


def test_the_task_gets_the_new_configuration(
    changed: tuple[Deployment, dict[str, Any]],
) -> None:
    """By a new revision, which takes the place of the old one."""
    deployment, before = changed
    settings, now = deployment.settings(), deployment.service()

    assert now["taskDefinition"] != before["taskDefinition"]
    assert settings.reconcile.interval is None
    assert [rule.name for rule in settings.to_rules()] == ["hybrid", FORCED["name"]]


def test_the_role_gets_what_the_new_rule_needs(
    changed: tuple[Deployment, dict[str, Any]],
) -> None:
    """To delete at once below its names, and nowhere else; all else is as before."""
    role = changed[0].receiver()
    for probe in (*PROBES, *OF_THE_CONNECTION):
        holds(role, probe)

    context = {f"aws:ResourceTag/{key}": value for key, value in OUR_TAGS.items()}
    context["secretsmanager:ForceDeleteWithoutRecovery"] = "true"

    for name, wanted in (("vault/leases/a", ALLOWED), ("vault/a", DENIED)):
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
        call = Call("secretsmanager:DeleteSecret", arn, context)
        assert answer(role.policy, call) is wanted, name


def test_the_schedule_takes_over(changed: tuple[Deployment, dict[str, Any]]) -> None:
    """What the receiver no longer does by itself is started every 15 minutes."""
    schedule = changed[0].ask("scheduler", "get_schedule", Name=STACK)

    assert schedule["State"] == "ENABLED"
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"


@pytest.fixture(scope="module")
def destroyed(
    begin: Begin, assemblies: tuple[Assembly, Assembly]
) -> Iterator[Deployment]:
    """Deployed, and taken down, after both protections were."""
    with begin() as deployment:
        off = {"StackName": STACK, "EnableTerminationProtection": False}
        deployment.ask("cloudformation", "update_termination_protection", **off)
        (balancer,) = deployment.ask("elbv2", "describe_load_balancers")[
            "LoadBalancers"
        ]
        attribute = {"Key": "deletion_protection.enabled", "Value": "false"}
        deployment.ask(
            "elbv2",
            "modify_load_balancer_attributes",
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Attributes=[attribute],
        )
        deployment.cdk(*assemblies[0].destroying())
        yield deployment


def test_what_is_left_is_left_on_purpose(destroyed: Deployment) -> None:
    """What has been encrypted must be readable, and what was logged; without the
    fingerprint key all secrets would be written anew."""
    keys = destroyed.ask("kms", "list_keys")["Keys"]
    groups = destroyed.ask("logs", "describe_log_groups")["logGroups"]

    assert len(keys) == 2
    assert len(groups) == 3
    assert destroyed.own_secrets() == [f"{STACK}/fingerprint-key"]


@pytest.mark.parametrize(
    ("service", "operation", "answer", "name"),
    [
        ("iam", "list_roles", "Roles", "RoleName"),
        ("sns", "list_topics", "Topics", "TopicArn"),
        ("events", "list_rules", "Rules", "Name"),
        ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
        ("ecs", "list_clusters", "clusterArns", None),
        ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        ("kms", "list_aliases", "Aliases", "AliasName"),
    ],
)
def test_all_else_is_gone(
    destroyed: Deployment, service: str, operation: str, answer: str, name: str | None
) -> None:
    """CDK's own and AWS's excepted, which were there before."""
    listed = destroyed.ask(service, operation)[answer]
    names = [one if name is None else one[name] for one in listed]

    assert [one for one in names if not one.startswith(("cdk-", "alias/aws/"))] == []
