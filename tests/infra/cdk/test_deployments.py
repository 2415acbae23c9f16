"""The deployments that the configuration can ask for: each one valid, each as asked."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.infra.cdk.deployments import in_region
from tests.infra.cdk.synthesis import Synthesized, synthesized
from tests.infra.dockerfile import stages

ROLE = "arn:aws:iam::222222222222:role/replicator"
USUAL: dict[str, Any] = {"notice_email": "oncall@example.com"}
NO_INTERNET: dict[str, Any] = {
    "egress": "endpoints",
    "scheduler": True,
    "vault_cidrs": ["10.1.0.0/16"],
    "vault_gateway": "tgw-0123456789abcdef0",
}
TRIED: dict[str, Any] = {
    "egress": "public",
    "disposable": True,
    "image": "vault-replicator:0.1.0",
    "interval": "1d",
    "hosted_zone_id": "Z0123456789ABC",
    "vault_auth": {"method": "aws", "role": "replicator"},
    "vault_cidrs": ["10.1.0.0/16"],
    "vault_gateway": "vgw-0123456789abcdef0",
}
OWN_VPC: dict[str, Any] = {
    "vpc": {
        "id": "vpc-0123456789abcdef0",
        "cidr": "10.0.0.0/16",
        "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "balancer_subnets": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
    },
    "forwarder_cidrs": ["10.8.0.0/16"],
}
INTERNET: dict[str, Any] = {
    "internet_facing": True,
    "forwarder_cidrs": ["203.0.113.0/24"],
}
RULES: dict[str, Any] = {
    "image": "team/vault-replicator@sha256:" + "0" * 64,
    "consumers": [ROLE],
    "tokens": {"oncall": "admin", "ci-pipeline": "sync"},
    "rules": [
        {
            "name": "here",
            "mount": "kv",
            "target": {
                "name": "vault/kv/{path}",
                "on_delete": "force",
                "replica_regions": ["eu-west-1"],
            },
        },
        {"name": "kept", "mount": "old", "target": {"name": "vault/old/{path}"}},
        {
            "name": "there",
            "mount": "kv",
            "target": {"name": "vault/kv/{path}", "role_arn": ROLE},
        },
    ],
}
DEMO_VAULT: dict[str, Any] = {
    "demo_vault": True,
    "vault_address": "https://vault.demo.internal:8200",
}
GOVERNMENT = in_region("us-gov-west-1", "aws-us-gov")
CHINA = in_region("cn-north-1", "aws-cn")
ALL = {
    "usual": USUAL,
    "no internet": NO_INTERNET,
    "tried": TRIED,
    "own vpc": OWN_VPC,
    "internet": INTERNET,
    "rules": RULES,
    "demo vault": DEMO_VAULT,
    "government": GOVERNMENT,
    "china": CHINA,
}
every_one = pytest.mark.parametrize("context", ALL.values(), ids=ALL.keys())


@every_one
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(
    context: dict[str, Any],
) -> None:
    """Nor does the validation that CDK does itself."""
    assert synthesized(**context).findings == []


@every_one
def test_cfn_lint_finds_nothing(context: dict[str, Any]) -> None:
    template = json.dumps(synthesized(**context).template)
    region = context.get("region", "eu-central-1")
    # CDK writes down that the service comes after its role, which its task says too.
    manual = ManualArgs(ignore_checks=["W3005"], regions=[region])

    found = [str(one) for one in lint(template, config=manual)]
    assert [one for one in found if not _denies_what_is_to_come(one)] == []


def _denies_what_is_to_come(finding: str) -> bool:
    """The policy denies by first letters; with some of them no action begins yet."""
    pattern = r"\[W3037: [^]]*\] \('[a-z]+\*' is not one of"
    return re.match(pattern, finding) is not None


def resource(stack: Synthesized, kind: str, name: str) -> dict[str, Any]:
    """The one whose logical id begins so."""
    [found] = [one for key, one in stack.all(kind).items() if key.startswith(name)]
    return found


def ingress(stack: Synthesized) -> set[Any]:
    """Networks that reach the load balancer."""
    group = resource(stack, "AWS::EC2::SecurityGroup", "EntranceGroup")
    return {
        one["CidrIp"] if isinstance(one["CidrIp"], str) else "computed"
        for one in group["SecurityGroupIngress"]
    }


def test_usually_there_is_one_nat_gateway_and_a_mail() -> None:
    stack = synthesized(**USUAL)

    assert len(stack.all("AWS::EC2::NatGateway")) == 1
    assert stack.one("AWS::SNS::Subscription")["Endpoint"] == "oncall@example.com"
    assert not stack.all("AWS::Scheduler::Schedule")
    assert stack.all("AWS::EC2::FlowLog")


def test_nothing_is_looked_up_in_an_account() -> None:
    """A synthesis needs no credentials: zones are numbers until they are deployed."""
    subnet = next(iter(synthesized(**USUAL).all("AWS::EC2::Subnet").values()))

    assert subnet["AvailabilityZone"] == {"Fn::Select": [0, {"Fn::GetAZs": ""}]}


def test_without_internet_there_are_endpoints_and_no_way_out() -> None:
    stack = synthesized(**NO_INTERNET)

    services = {
        re.findall(r"\.((?:ecr\.)?[a-z0-9]+)", json.dumps(one["ServiceName"]))[-1]
        for one in stack.all("AWS::EC2::VPCEndpoint").values()
    }
    assert services == {
        "ecr.api",
        "ecr.dkr",
        "logs",
        "secretsmanager",
        "sns",
        "sts",
        "s3",
    }
    assert not stack.all("AWS::EC2::NatGateway")
    assert not stack.all("AWS::EC2::InternetGateway")
    routes = stack.all("AWS::EC2::Route").values()
    assert {one["DestinationCidrBlock"] for one in routes} == {"10.1.0.0/16"}
    assert all(one["TransitGatewayId"].startswith("tgw-") for one in routes)


def test_endpoints_let_only_known_accounts_through() -> None:
    """A stolen task cannot carry values to a stranger's account."""
    stack = synthesized(**NO_INTERNET)

    conditions = [
        one["PolicyDocument"]["Statement"][0].get("Condition")
        for one in stack.all("AWS::EC2::VPCEndpoint").values()
        if one["VpcEndpointType"] == "Interface"
    ]
    known = {"StringEquals": {"aws:PrincipalAccount": ["123456789012"]}}
    assert conditions == [known] * 6


@pytest.mark.parametrize(
    ("context", "kinds"),
    [
        (USUAL, {"AWS::EC2::NatGateway", "AWS::EC2::Route"}),
        (NO_INTERNET, {"AWS::EC2::VPCEndpoint", "AWS::EC2::Route"}),
    ],
    ids=["nat", "endpoints"],
)
def test_the_receiver_starts_when_it_can_fetch_its_image(
    context: dict[str, Any], kinds: set[str]
) -> None:
    """Else its first deployment may be given up before there is a way to ECR. Nor does
    it before its role may do something."""
    resources = synthesized(**context).template["Resources"]

    [service] = [
        one for one in resources.values() if one["Type"] == "AWS::ECS::Service"
    ]
    waits_for = {resources[name]["Type"] for name in service["DependsOn"]}
    assert {*kinds, "AWS::IAM::Policy"} <= waits_for


def test_the_scheduler_runs_the_small_task_and_keeps_what_it_could_not() -> None:
    stack = synthesized(**NO_INTERNET)

    schedule = stack.one("AWS::Scheduler::Schedule")
    target = schedule["Target"]
    assert schedule["ScheduleExpression"] == "rate(30 minutes)"
    assert schedule["State"] == "ENABLED"
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 3
    queue = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert queue in stack.all("AWS::SQS::Queue")
    environment = {
        one["Name"]: one["Value"] for one in stack.container("files")["Environment"]
    }
    assert "interval: never" in environment["CONFIGURATION"]
    assert stack.container("reconcile")["Command"] == ["reconcile"]


def test_with_public_addresses_there_is_no_nat_gateway() -> None:
    stack = synthesized(**TRIED)

    service = stack.one("AWS::ECS::Service")["NetworkConfiguration"]
    assert service["AwsvpcConfiguration"]["AssignPublicIp"] == "ENABLED"
    assert not stack.all("AWS::EC2::NatGateway")
    balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internal"


def test_what_is_tried_goes_with_the_stack() -> None:
    stack = synthesized(**TRIED)

    policies = {
        one.get("DeletionPolicy") for one in stack.template["Resources"].values()
    }
    assert "Retain" not in policies
    balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    said = {one["Key"]: one["Value"] for one in balancer["LoadBalancerAttributes"]}
    assert said["deletion_protection.enabled"] == "false"
    windows = {
        one["PendingWindowInDays"] for one in stack.all("AWS::KMS::Key").values()
    }
    assert windows == {7}


def test_the_image_is_built_from_what_the_dockerfile_copies_and_no_more() -> None:
    built_from = synthesized(**USUAL).built_from

    copied = {
        source.rstrip("/")
        for stage in stages().values()
        for copy in stage.all("COPY")
        if not copy.startswith("--from")
        for source in copy.split()[:-1]
    }
    assert {"infra/docker/Dockerfile", *copied} <= built_from
    assert "receiver/settings.py" in built_from
    places = {file.split("/")[0] for file in built_from}
    assert not places & {".git", ".venv", "docs", "tests"}
    assert "requirements/dev.lock" not in built_from


def test_an_image_of_ecr_is_taken_as_it_is_named() -> None:
    images = {
        name: json.dumps(synthesized(**context).container("receiver")["Image"])
        for name, context in (("tag", TRIED), ("digest", RULES))
    }

    assert "vault-replicator:0.1.0" in images["tag"]
    assert f"team/vault-replicator@sha256:{'0' * 64}" in images["digest"]


def test_the_name_is_an_alias_in_the_zone() -> None:
    record = synthesized(**TRIED).one("AWS::Route53::RecordSet")

    assert record["HostedZoneId"] == "Z0123456789ABC"
    assert (record["Name"], record["Type"]) == ("replicator.internal", "A")


def test_with_vaults_aws_method_there_is_no_secret_of_a_connection() -> None:
    stack = synthesized(**TRIED)

    names = {one["Name"] for one in stack.all("AWS::SecretsManager::Secret").values()}
    assert "vault-replicator/connection" not in names
    assert "ConnectionSecretArn" not in stack.template["Outputs"]
    assert not [one for one in stack.statements() if one.get("Sid") == "Connection"]


def test_the_dead_mans_switch_waits_for_three_intervals() -> None:
    found = {}
    for name, context in (("usual", USUAL), ("a day", TRIED)):
        alarm = synthesized(**context).one(
            "AWS::CloudWatch::Alarm", AlarmName="vault-replicator-not-compared"
        )
        found[name] = (alarm["Period"], alarm["EvaluationPeriods"])
        assert alarm["TreatMissingData"] == "breaching"

    # CloudWatch looks back one day with one period, and a week with several.
    assert found == {"usual": (5400, 1), "a day": (86400, 3)}


def test_each_alarm_tells_that_it_is_over() -> None:
    alarms = synthesized(**NO_INTERNET).all("AWS::CloudWatch::Alarm").values()

    assert {one["AlarmName"].removeprefix("vault-replicator-") for one in alarms} == {
        "no-healthy-target",
        "not-running",
        "receiver-5xx",
        "balancer-5xx",
        "cpu",
        "memory",
        "errors",
        "not-compared",
        "incomplete",
        "schedule",
    }
    for one in alarms:
        assert one["AlarmActions"] == one["OKActions"]
        assert len(one["AlarmActions"]) == 1


def test_a_vpc_that_exists_gets_tasks_and_a_load_balancer() -> None:
    stack = synthesized(**OWN_VPC)

    for kind in ("VPC", "Subnet", "Route", "NatGateway", "FlowLog"):
        assert not stack.all(f"AWS::EC2::{kind}")
    groups = {one["LogGroupName"] for one in stack.all("AWS::Logs::LogGroup").values()}
    assert groups == {"/vault-replicator/receiver", "/vault-replicator/reconcile"}
    service = stack.one("AWS::ECS::Service")["NetworkConfiguration"]
    assert service["AwsvpcConfiguration"]["Subnets"] == OWN_VPC["vpc"]["subnets"]
    balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Subnets"] == OWN_VPC["vpc"]["balancer_subnets"]
    assert ingress(stack) == {"10.8.0.0/16"}
    # Those that are named are forwarders: our own tasks come by their group.
    tasks = [
        one["SourceSecurityGroupId"]["Fn::GetAtt"][0]
        for one in stack.all("AWS::EC2::SecurityGroupIngress").values()
        if one["FromPort"] == 443
    ]
    assert [name.startswith("AskingGroup") for name in tasks] == [True]


def test_from_the_internet_only_those_come_in_who_are_named() -> None:
    """And our own tasks, by the address of the NAT gateway."""
    stack = synthesized(**INTERNET)

    balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert all("Public" in one["Ref"] for one in balancer["Subnets"])
    assert ingress(stack) == {"203.0.113.0/24", "computed"}
    service = stack.one("AWS::ECS::Service")["NetworkConfiguration"]
    assert service["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"


def test_a_force_delete_is_denied_to_rules_that_do_not_ask_for_it() -> None:
    statements = {
        one["Sid"]: one for one in synthesized(**RULES).statements() if "Sid" in one
    }

    spared = json.dumps(statements["NeverForce"]["NotResource"])
    assert "secret:vault/kv/*" in spared
    assert "secret:vault/old/*" not in spared
    assert statements["Assume"]["Resource"] == ROLE


def test_what_is_written_as_a_role_of_a_rule_is_not_foreign() -> None:
    """Each repair would be told, and would ask for the next comparison."""
    rule = synthesized(**RULES).one(
        "AWS::Events::Rule", Name="vault-replicator-foreign-call"
    )

    [known, _] = rule["EventPattern"]["detail"]["userIdentity"]["$or"]
    assert known["sessionContext"]["sessionIssuer"]["arn"] == [
        {
            "anything-but": [
                "arn:aws:iam::123456789012:role/vault-replicator-eu-central-1-receiver",
                ROLE,
            ]
        }
    ]


def test_each_token_is_a_secret_and_an_output() -> None:
    stack = synthesized(**RULES)

    names = {one["Name"] for one in stack.all("AWS::SecretsManager::Secret").values()}
    assert {
        "vault-replicator/token-oncall",
        "vault-replicator/token-ci-pipeline",
        "vault-replicator/token-schedule",
    } <= names
    assert {"TokenOncallArn", "TokenCiPipelineArn"} <= set(stack.template["Outputs"])
    assert "TokenScheduleArn" not in stack.template["Outputs"]


@pytest.mark.parametrize(
    ("context", "partition", "domain"),
    [
        (GOVERNMENT, "aws-us-gov", "amazonaws.com"),
        (CHINA, "aws-cn", "amazonaws.com.cn"),
    ],
    ids=["government", "china"],
)
def test_other_partitions_have_their_own_arns(
    context: dict[str, Any], partition: str, domain: str
) -> None:
    stack = synthesized(**context)
    text = json.dumps(stack.template)

    assert "arn:aws:" not in text
    assert f"arn:{partition}:secretsmanager:{context['region']}:123456789012" in text
    assert f"secretsmanager.{context['region']}.{domain}" in text
