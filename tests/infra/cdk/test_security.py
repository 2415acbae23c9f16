"""What the synthesized stack lets anybody do: of each thing, no more than is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from infra.configuration import configuration
from infra.replication import replication
from tests.infra.cdk.deployments import config
from tests.infra.cdk.synthesis import Synthesized, synthesized
from tests.infra.dockerfile import stages

OTHERS = "arn:aws:iam::222222222222:root"
SECRETS_MANAGER = "secretsmanager.eu-central-1.amazonaws.com"


@pytest.fixture(scope="module")
def stack() -> Synthesized:
    return synthesized()


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def policy_of(stack: Synthesized, role: str) -> list[dict[str, Any]]:
    """The statements of the role whose logical id begins so."""
    return [
        statement
        for policy in stack.all("AWS::IAM::Policy").values()
        if any(one["Ref"].startswith(role) for one in policy["Roles"])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def key_policy(stack: Synthesized, what: str) -> dict[str, dict[str, Any]]:
    """The key policy, by the names of its statements."""
    [found] = [
        one
        for name, one in stack.all("AWS::KMS::Key").items()
        if name.startswith(f"Keys{what}")
    ]
    return {one["Sid"]: one for one in found["KeyPolicy"]["Statement"] if "Sid" in one}


def test_the_receiver_may_just_what_policy_aws_prints(stack: Synthesized) -> None:
    """One function says what the rules need, for both."""
    settings = configuration(config()).settings

    printed = replication(config(), settings)
    assert [
        {key: listed(value) for key, value in one.items()}
        for one in policy_of(stack, "ReceiverRole")
    ] == [{key: listed(value) for key, value in one.items()} for one in printed]


def test_the_receiver_uses_our_own_key_for_messages_and_the_connection(
    stack: Synthesized,
) -> None:
    uses = {
        statement["Condition"]["StringEquals"]["kms:ViaService"]: statement["Action"]
        for statement in policy_of(stack, "ReceiverRole")
        if statement["Sid"].startswith("Kms")
        and statement["Condition"]["ForAnyValue:StringEquals"]
        == {"kms:ResourceAliases": "alias/vault-replicator-operations"}
    }

    assert uses == {
        SECRETS_MANAGER: "kms:Decrypt",
        "sns.eu-central-1.amazonaws.com": ["kms:Decrypt", "kms:GenerateDataKey"],
    }


def test_nobody_but_the_receiver_may_write_secrets(stack: Synthesized) -> None:
    writes = {"PutSecretValue", "CreateSecret", "UpdateSecret", "DeleteSecret"}
    receivers = policy_of(stack, "ReceiverRole")

    others = [one for one in stack.statements() if one not in receivers]

    assert others
    assert not {f"secretsmanager:{one}" for one in writes}.intersection(
        action for one in others for action in listed(one["Action"])
    )
    assert not any(listed(one["Action"]) == ["*"] for one in stack.statements())


def test_execution_roles_read_just_the_secrets_of_their_task(
    stack: Synthesized,
) -> None:
    reads = {
        role: sorted(
            secret["Ref"]
            for statement in policy_of(stack, role)
            if "secretsmanager:GetSecretValue" in statement["Action"]
            for secret in listed(statement["Resource"])
        )
        for role in ("ServiceExecution", "AskingExecution")
    }

    names = {
        logical: one["Name"]
        for logical, one in stack.all("AWS::SecretsManager::Secret").items()
    }
    assert [names[one] for one in reads["AskingExecution"]] == [
        "vault-replicator/token-schedule"
    ]
    assert sorted(names[one] for one in reads["ServiceExecution"]) == [
        "vault-replicator/fingerprint-key",
        "vault-replicator/signing-key",
        "vault-replicator/token-oncall",
        "vault-replicator/token-schedule",
    ]


def test_roles_of_tasks_are_assumed_by_tasks_of_this_account(
    stack: Synthesized,
) -> None:
    trusts = [
        one["AssumeRolePolicyDocument"]["Statement"][0]
        for one in stack.all("AWS::IAM::Role").values()
    ]
    of_tasks = [
        one for one in trusts if one["Principal"]["Service"].startswith("ecs-tasks")
    ]

    assert len(of_tasks) == 4
    for one in of_tasks:
        assert one["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-central-1:123456789012:*"},
        }


def test_who_starts_the_small_task_may_start_nothing_else(stack: Synthesized) -> None:
    run, hand_on = policy_of(stack, "TamperingStarter")

    assert run["Action"] == "ecs:RunTask"
    assert run["Resource"]["Ref"].startswith("AskingTask")
    assert "ecs:cluster" in run["Condition"]["ArnEquals"]
    assert hand_on["Action"] == "iam:PassRole"
    assert hand_on["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }
    assert policy_of(stack, "AskingIdle") == []


def test_replicated_values_are_decrypted_by_way_of_secrets_manager_alone(
    stack: Synthesized,
) -> None:
    policy = key_policy(stack, "Secrets")

    assert set(policy) == {"Administration", "Receiver", "Account"}
    uses = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:*", "*"}
    assert not uses.intersection(policy["Administration"]["Action"])
    assert not any("CreateGrant" in one for one in policy["Administration"]["Action"])
    for name in ("Receiver", "Account"):
        condition = policy[name]["Condition"]
        assert condition == {"StringEquals": {"kms:ViaService": SECRETS_MANAGER}}
    assert policy["Receiver"]["Principal"]["AWS"]["Fn::GetAtt"][0].startswith(
        "ReceiverRole"
    )


def test_the_services_that_use_the_key_of_the_operations_may(
    stack: Synthesized,
) -> None:
    """No emulator asks: without these, logs are refused and messages are lost."""
    policy = key_policy(stack, "Operations")

    assert policy["Logs"]["Principal"]["Service"] == "logs.eu-central-1.amazonaws.com"
    assert policy["Logs"]["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:123456789012:"
        "log-group:/vault-replicator/*"
    }
    for name, service in (("Alarms", "cloudwatch"), ("Events", "events")):
        assert policy[name]["Principal"]["Service"] == f"{service}.amazonaws.com"
        assert policy[name]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    # With a condition on the source, EventBridge could not publish.
    assert "Condition" not in policy["Events"]
    fargate = [one for one in policy.values() if "Fargate tasks" in one["Sid"]]
    assert {one["Action"] for one in fargate} == {
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:CreateGrant",
    }


def test_all_that_is_kept_is_encrypted_with_our_key(stack: Synthesized) -> None:
    [key] = [name for name in stack.all("AWS::KMS::Key") if "Operations" in name]
    ours = {"Fn::GetAtt": [key, "Arn"]}

    for kind in ("AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"):
        assert stack.all(kind)
        assert all(one["KmsKeyId"] == ours for one in stack.all(kind).values())
    assert stack.one("AWS::SNS::Topic")["KmsMasterKeyId"] == ours
    assert all(one["EnableKeyRotation"] for one in stack.all("AWS::KMS::Key").values())


def test_the_topic_takes_messages_of_alarms_and_events_by_tls(
    stack: Synthesized,
) -> None:
    policy = stack.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    denied = [one for one in policy if one["Effect"] == "Deny"]
    allowed = [one["Principal"] for one in policy if one["Effect"] == "Allow"]
    assert [one["Condition"] for one in denied] == [
        {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert {"Service": "cloudwatch.amazonaws.com"} in allowed
    assert {"Service": "events.amazonaws.com"} in allowed


def test_no_secret_is_in_the_template(stack: Synthesized) -> None:
    """CloudFormation makes them. What stands in the connection first depends on no key
    of the configuration: a change of it would be written over the real one."""
    written = {
        one["Name"]: one.get("SecretString")
        for one in stack.all("AWS::SecretsManager::Secret").values()
        if "GenerateSecretString" not in one
    }

    assert written == {
        "vault-replicator/connection": '{"vaultAddress": "not yet", '
        '"vaultToken": "not yet"}'
    }


def test_the_receivers_environment_holds_no_secret(stack: Synthesized) -> None:
    receiver, files = stack.container("receiver"), stack.container("files")

    assert "Secrets" not in receiver
    assert [one["Name"] for one in receiver["Environment"]] == ["TMPDIR"]
    assert {one["Name"] for one in files["Secrets"]} == {
        "SIGNING",
        "FINGERPRINT",
        "TOKEN_ONCALL",
        "TOKEN_SCHEDULE",
    }
    assert files["Essential"] is False
    assert receiver["DependsOn"] == [{"Condition": "SUCCESS", "ContainerName": "files"}]


@pytest.mark.parametrize("name", ["files", "receiver", "reconcile"])
def test_containers_can_do_little(name: str, stack: Synthesized) -> None:
    container = stack.container(name)

    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "10001:10001"
    assert not container.get("Privileged")
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}


def test_what_the_init_container_writes_the_receiver_cannot_change(
    stack: Synthesized,
) -> None:
    mounts = {
        name: {
            one["ContainerPath"]: one["ReadOnly"]
            for one in stack.container(name)["MountPoints"]
        }
        for name in ("files", "receiver")
    }

    assert mounts == {
        "files": {"/run/vault-replicator": False},
        "receiver": {"/run/vault-replicator": True, "/var/lib/vault-replicator": False},
    }


def test_the_image_has_volumes_of_its_user_where_the_task_has_them(
    stack: Synthesized,
) -> None:
    """ECS gives a volume the owner and mode of the image's; else it is root's."""
    receiver = stages()["receiver"]

    volumes = set(receiver.last("VOLUME").split())
    made = next(line for line in receiver.all("RUN") if line.startswith("install -d"))
    assert volumes == {
        one["ContainerPath"] for one in stack.container("receiver")["MountPoints"]
    }
    assert "-o 10001 -g 10001 -m 0700" in made
    assert volumes <= set(made.split())


def test_the_configuration_in_the_task_is_the_one_that_was_checked(
    stack: Synthesized,
) -> None:
    environment = {
        one["Name"]: one["Value"] for one in stack.container("files")["Environment"]
    }

    document = yaml.safe_load(environment["CONFIGURATION"])
    assert environment["CONFIGURATION"] == configuration(config()).text
    assert stack.container("receiver")["Command"] == [
        "serve",
        "--config",
        "/run/vault-replicator/replicator.yaml",
    ]
    assert document["queue"]["path"] == "/var/lib/vault-replicator/state.db"
    assert json.loads(environment["FILES"])[0]["name"] == "replicator.yaml"


def test_there_are_never_two_receivers(stack: Synthesized) -> None:
    service = stack.one("AWS::ECS::Service")

    assert service["DesiredCount"] == 1
    assert service["DeploymentConfiguration"] == {
        "MinimumHealthyPercent": 0,
        "MaximumPercent": 100,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    # A move to another zone would start the second before the first has ended.
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    assert stack.container("receiver")["StopTimeout"] > 20


def test_the_receiver_is_not_on_the_internet(stack: Synthesized) -> None:
    service = stack.one("AWS::ECS::Service")["NetworkConfiguration"]
    balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")

    assert service["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    assert balancer["Scheme"] == "internal"


def test_only_the_load_balancer_reaches_the_receiver(stack: Synthesized) -> None:
    groups = stack.all("AWS::EC2::SecurityGroup")
    [receiver] = [name for name in groups if name.startswith("ServiceGroup")]
    [balancer] = [name for name in groups if name.startswith("EntranceGroup")]

    assert "SecurityGroupIngress" not in groups[receiver]
    [rule] = stack.all("AWS::EC2::SecurityGroupIngress").values()
    assert rule["GroupId"]["Fn::GetAtt"][0] == receiver
    assert rule["SourceSecurityGroupId"]["Fn::GetAtt"][0] == balancer
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
    assert {
        (one["CidrIp"], one["FromPort"])
        for one in groups[receiver]["SecurityGroupEgress"]
    } == {("0.0.0.0/0", 443), ("0.0.0.0/0", 8200)}


def test_the_load_balancer_speaks_modern_tls_to_the_vpc(stack: Synthesized) -> None:
    listener = stack.one("AWS::ElasticLoadBalancingV2::Listener")
    balancer = stack.one("AWS::ElasticLoadBalancingV2::LoadBalancer")
    said = {one["Key"]: one["Value"] for one in balancer["LoadBalancerAttributes"]}
    [group] = [
        one
        for name, one in stack.all("AWS::EC2::SecurityGroup").items()
        if name.startswith("EntranceGroup")
    ]

    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert said["routing.http.drop_invalid_header_fields.enabled"] == "true"
    # The page compares Host with Origin.
    assert said["routing.http.preserve_host_header.enabled"] == "true"
    # Above what may be waited for, below what the receiver keeps an idle connection.
    assert 60 < int(said["idle_timeout.timeout_seconds"]) < 120
    assert [
        (one["CidrIp"], one["FromPort"]) for one in group["SecurityGroupIngress"]
    ] == [("10.90.0.0/22", 443)]


def test_what_cannot_be_made_again_outlives_the_stack(stack: Synthesized) -> None:
    kept = {
        name
        for name, one in stack.template["Resources"].items()
        if one.get("DeletionPolicy") == "Retain"
    }

    expected = {
        *stack.all("AWS::KMS::Key"),
        *stack.all("AWS::Logs::LogGroup"),
        *(
            name
            for name, one in stack.all("AWS::SecretsManager::Secret").items()
            if one["Name"].endswith("fingerprint-key")
        ),
    }
    assert kept == expected


def test_named_consumers_are_the_only_ones_who_decrypt() -> None:
    """Of other accounts, too."""
    role = "arn:aws:iam::123456789012:role/app"

    policy = key_policy(synthesized(consumers=[role, OTHERS]), "Secrets")

    assert set(policy) == {"Administration", "Receiver", "Consumers"}
    assert policy["Consumers"]["Principal"] == {"AWS": [role, OTHERS]}
    assert policy["Consumers"]["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    assert policy["Consumers"]["Condition"] == {
        "StringEquals": {"kms:ViaService": SECRETS_MANAGER}
    }
