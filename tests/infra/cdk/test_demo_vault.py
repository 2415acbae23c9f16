"""The demo's Vault in AWS: what the template says of it, and who may do what."""

from __future__ import annotations

import json
import re
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from infra.files import VAULT_CA
from tests.infra.cdk.deployments import INFRA
from tests.infra.cdk.synthesis import Synthesized, synthesized
from tests.infra.configurations import receiver_settings
from tests.infra.demo_instance import ENVIRONMENT, SCRIPT

pytestmark = pytest.mark.integration

Resource: TypeAlias = dict[str, Any]
DEMO: dict[str, Any] = {
    "vault_address": ENVIRONMENT["BAO_API_ADDR"],
    "vault_source": ENVIRONMENT["VAULT_SOURCE"],
    "image": "vault-replicator:0.1.0",
    "demo_vault": True,
    "demo_vault_cidrs": ["10.1.2.0/24"],
}


class Deployment:
    """What CloudFormation gets of it."""

    def __init__(self, stack: Synthesized) -> None:
        self.findings = stack.findings
        self.resources: dict[str, Resource] = stack.template["Resources"]

    def all(self, kind: str, part: str = "DemoVault") -> dict[str, Resource]:
        """Resources of a type in a part of the stack, by their ids."""
        return {
            name: one
            for name, one in self.resources.items()
            if one["Type"] == kind and name.startswith(part)
        }

    def one(self, kind: str, part: str = "DemoVault") -> Resource:
        """Its properties."""
        (found,) = self.all(kind, part).values()
        properties: Resource = found["Properties"]
        return properties

    @property
    def user_data(self) -> str:
        """With ids in the place of what only a deployment knows."""
        template = self.one("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
        parts = template["UserData"]["Fn::Base64"]["Fn::Join"][1]
        return "".join(one if isinstance(one, str) else one["Ref"] for one in parts)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment(synthesized(**DEMO))


def test_cdk_nag_finds_nothing_in_it(deployment: Deployment) -> None:
    """But what is acknowledged beside each resource, with a reason."""
    assert deployment.findings == []


def test_only_the_receiver_and_those_who_are_named_may_ask_it(
    deployment: Deployment,
) -> None:
    """On one port; the instance itself takes no connection at all."""
    groups = deployment.all("AWS::EC2::SecurityGroup")
    ingress = [
        (one["Properties"]["FromPort"], one["Properties"]["SourceSecurityGroupId"])
        for one in deployment.all("AWS::EC2::SecurityGroupIngress").values()
    ]
    (receiver,) = deployment.all("AWS::EC2::SecurityGroup", "ServiceGroup")

    assert ingress == [(8200, {"Fn::GetAtt": [receiver, "GroupId"]})]
    named = [
        (name, rule["CidrIp"], rule["FromPort"], rule["ToPort"])
        for name, one in groups.items()
        for rule in one["Properties"].get("SecurityGroupIngress", ())
    ]
    (door,) = (name for name in groups if "Door" in name)
    assert named == [(door, "10.1.2.0/24", 8200, 8200)]
    assert deployment.one("AWS::EC2::NetworkInterface")["GroupSet"] == [
        {"Fn::GetAtt": [door, "GroupId"]}
    ]


def test_the_instance_is_private_and_has_no_door_of_its_own(
    deployment: Deployment,
) -> None:
    """No public address, no key pair, and metadata by sessions alone."""
    template = deployment.one("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]

    (interface,) = template["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False
    assert "KeyName" not in template
    assert template["MetadataOptions"]["HttpTokens"] == "required"
    assert template["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert template["InstanceType"] == "t4g.small"
    (root,) = template["BlockDeviceMappings"]
    assert root["Ebs"]["Encrypted"] is True


def test_its_data_outlive_it(deployment: Deployment) -> None:
    """On a disk with our key, which stays when the stack goes; so does its seal."""
    (disk,) = deployment.all("AWS::EC2::Volume").values()
    (seal,) = deployment.all("AWS::SecretsManager::Secret").values()
    (key,) = deployment.all("AWS::KMS::Key", "KeysOperations")

    for one in (disk, seal):
        assert one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain"
        assert one["Properties"]["KmsKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert disk["Properties"]["Encrypted"] is True
    assert disk["Properties"]["VolumeType"] == "gp3"
    made = seal["Properties"]["GenerateSecretString"]
    left = set(string.digits + string.ascii_lowercase) - set(made["ExcludeCharacters"])
    assert (left, made["PasswordLength"]) == (set("0123456789abcdef"), 64)
    assert made["ExcludeUppercase"] is made["ExcludePunctuation"] is True


def test_there_is_one_instance_and_the_old_one_ends_first(
    deployment: Deployment,
) -> None:
    """The disk is one's alone. A new one says when it is ready."""
    (group,) = deployment.all("AWS::AutoScaling::AutoScalingGroup").values()

    assert group["Properties"]["MinSize"] == group["Properties"]["MaxSize"] == "1"
    rolling = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert rolling["MinInstancesInService"] == 0
    assert rolling["WaitOnResourceSignals"] is True
    assert group["CreationPolicy"]["ResourceSignal"]["Count"] == 1
    (policy,) = deployment.all("AWS::IAM::Policy", "DemoVaultInstanceRolePolicy")
    assert policy in group["DependsOn"]


def statements(deployment: Deployment) -> Iterator[tuple[str, Any, Any]]:
    for one in deployment.all("AWS::IAM::Policy").values():
        for statement in one["Properties"]["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                yield action, statement["Resource"], statement.get("Condition")


def test_its_role_may_do_just_this(deployment: Deployment) -> None:
    """Two secrets, one disk, one address, one parameter, one object, and sessions; and
    to keep the receiver's connection, for which it need not encrypt anything else."""
    found = list(statements(deployment))
    allowed = {action for action, _, _ in found}
    everywhere = {action for action, resource, _ in found if resource == "*"}

    assert allowed - everywhere == {
        "cloudformation:SignalResource",
        "ec2:AttachNetworkInterface",
        "ec2:AttachVolume",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "ssm:PutParameter",
    }
    assert all(re.fullmatch("ssm:Update.*|ssmmessages:.*", one) for one in everywhere)
    role = deployment.one("AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    secrets = "AWS::SecretsManager::Secret"
    (seal,) = deployment.all(secrets)
    (signing,) = deployment.all(secrets, "CredentialsSigning")
    (connection,) = deployment.all(secrets, "CredentialsConnection")
    assert [(action, one) for action, one, _ in found if "secretsm" in action] == [
        ("secretsmanager:GetSecretValue", [{"Ref": seal}, {"Ref": signing}]),
        ("secretsmanager:GetSecretValue", {"Ref": connection}),
        ("secretsmanager:PutSecretValue", {"Ref": connection}),
    ]
    for action, _, condition in found:
        if action.startswith("kms:"):
            assert set(condition["StringEquals"]) == {"kms:ViaService"}, action
        if action == "kms:CreateGrant":
            assert condition["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_the_receiver_starts_with_its_ca_when_it_is_ready(
    deployment: Deployment,
) -> None:
    """The parameter reaches the init container, which writes it where ca_file is."""
    (service,) = deployment.all("AWS::ECS::Service", "Service").values()
    (instances,) = deployment.all("AWS::AutoScaling::AutoScalingGroup")
    (parameter,) = deployment.all("AWS::SSM::Parameter")
    task = deployment.one("AWS::ECS::TaskDefinition", "Service")
    (files,) = (one for one in task["ContainerDefinitions"] if one["Name"] == "files")

    assert instances in service["DependsOn"]
    (given,) = (one for one in files["Secrets"] if one["Name"] == "VAULT_CA")
    assert {"Ref": parameter} in given["ValueFrom"]["Fn::Join"][1]
    variables = {one["Name"]: one["Value"] for one in files["Environment"]}
    written = {one["variable"]: one["name"] for one in json.loads(variables["FILES"])}
    assert written["VAULT_CA"] == Path(VAULT_CA).name
    assert f"ca_file: {VAULT_CA}" in variables["CONFIGURATION"]


def test_what_it_is_told_is_what_it_asks_for(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The files that its user data write, for real: every name the parts use, and the
    receiver's configuration, with the CA where it lies there."""
    at = tmp_path / "demo-vault"
    before, begin, rest = deployment.user_data.partition("mkdir -p /etc/demo-vault")
    text, _, _ = rest.partition("set -euo pipefail")

    script = (begin + text).replace("/etc/demo-vault", str(at))
    subprocess.run(["bash", "-euc", script], check=True)

    lines = (at / "environment").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines)
    assert set(told) == set(ENVIRONMENT)
    for name in set(ENVIRONMENT) - {"CA_PARAMETER", "INTERFACE", "VOLUME"}:
        assert told[name] == f'"{ENVIRONMENT[name]}"'
    assert "cfn-signal" in before
    settings = receiver_settings(at / "replicator.yaml")
    assert settings.vault.address == ENVIRONMENT["BAO_API_ADDR"]
    assert str(settings.vault.ca_file) == "/var/lib/demo-vault/tls/ca.crt"


def test_its_user_data_hold_names_and_are_a_script(deployment: Deployment) -> None:
    """Whatever is in them is logged; the last line starts what the source brings."""
    text = deployment.user_data

    subprocess.run(["bash", "-n", "-c", text], check=True)
    assert "resolve:" not in text
    assert text.splitlines()[-1].endswith(f"source/{SCRIPT.relative_to(INFRA.parent)}")


def test_the_source_is_what_is_run_and_nothing_else(
    deployment: Deployment, tmp_path: Path
) -> None:
    """No test, no document, no history, no environment of whoever deploys."""
    from aws_cdk import App, AssetStaging, IgnoreMode, Stack

    from infra.demo_vault_instance import SOURCE

    staged = AssetStaging(
        Stack(App(outdir=str(tmp_path))),
        "Source",
        source_path=str(INFRA.parent),
        exclude=SOURCE,
        ignore_mode=IgnoreMode.DOCKER,
    )
    source = Path(staged.absolute_staged_path)

    assert f"/{staged.asset_hash}.zip " in deployment.user_data
    assert {one.name for one in source.iterdir()} == {
        "LICENSE",
        "README.md",
        "infra",
        "pyproject.toml",
        "receiver",
        "requirements",
        "vault_audit_forwarder",
    }
    assert {one.name for one in (source / "infra").iterdir()} == {
        "__init__.py",
        "systemd",
        "vault",
    }
    assert (source / SCRIPT.relative_to(INFRA.parent)).is_file()
    assert not list(source.rglob("__pycache__"))
