"""The CDK context: what a deployment may say, and what is said of the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.config import ByAwsIdentity
from infra.context import from_context
from tests.infra.cdk.deployments import INFRA, REQUIRED, config, flags, in_region
from vault_audit_forwarder.program.config_file import ConfigError

VPC = {
    "id": "vpc-12345678",
    "cidr": "10.0.0.0/16",
    "subnets": ["subnet-12345678", "subnet-12345679"],
}


def problems(**more: Any) -> list[str]:
    """What is wrong, without the last line, which says where to put it right."""
    with pytest.raises(ConfigError) as refused:
        config(**more)
    *found, do = refused.value.problems
    assert "-c KEY=VALUE" in do
    return found


def test_what_is_required_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        from_context({}, directory=INFRA)

    found = refused.value.problems[:-1]
    assert found == [f"context: {key}: is required" for key in sorted(REQUIRED)]


def test_cdks_own_keys_are_none_of_ours() -> None:
    """Feature flags, and what CDK keeps of its look-ups."""
    own = {**flags(), "availability-zones:account=1:region=eu-central-1": ["a"]}

    assert config(**own) == config()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prefx": "vault"}, "prefx: unknown key. Did you mean prefix?"),
        ({"vault_auth": {"method": "token"}}, "vault_auth.method: must be "),
        ({"account": "12"}, "account: must be an account's number, 12 digits"),
        ({"region": "Frankfurt"}, "region: must be a Region, as in eu-central-1"),
        ({"scheduler": "yes please"}, "scheduler: must be true or false"),
        ({"consumers": ["everybody"]}, "consumers[0]: must be the ARN of a role"),
        ({"forwarder_cidrs": ["10.0.0.1/8"]}, "forwarder_cidrs[0]: must be an IPv4"),
        ({"vault_gateway": "pcx-1"}, "vault_gateway: must be the id of a transit"),
        ({"image": "replicator"}, "image: must be a repository of this account's"),
        ({"prefix": "vault/"}, "prefix: is written without slashes at its ends"),
        ({"prefix": []}, "prefix: "),
        ({"tokens": {"ci": "root"}}, "tokens.ci: must be read | sync | admin"),
        ({"cpu": 300}, "cpu: must be 256 | 512 | 1024 | 2048"),
        ({"interval": "90s"}, "interval: must be whole minutes, 1m to 1d"),
        ({"interval": "2d"}, "interval: must be whole minutes, 1m to 1d"),
        ({"memory": 8192}, "memory: with cpu 512 Fargate takes 1024 to 4096"),
        ({"log_retention_days": 31}, "log_retention_days: must be 7 | 14 | 30"),
        ({"tokens": {"schedule": "read"}}, "tokens: schedule is the name of our own"),
        ({"name": "vault"}, "name: our own secrets are called NAME/…, which is below"),
        (
            {"name": "a", "region": "us-east-1"},
            "name: must be 2 to 24 small letters, digits and hyphens",
        ),
        ({"name": "replicator-"}, "name: must be 2 to 24 small letters"),
        ({"vault_ca_file": "none.pem"}, "vault_ca_file: there is no such file"),
        ({"region": "us-east-1"}, "certificate_arn: must be of this account and"),
        ({"vault_gateway": "tgw-1"}, "vault_cidrs: say what is reached by"),
        ({"internet_facing": True}, "forwarder_cidrs: say who may reach it from"),
        (
            {
                "internet_facing": True,
                "forwarder_cidrs": ["1.2.3.4/32"],
                "egress": "public",
            },
            "internet_facing: our own tasks ask the receiver by its public address",
        ),
        ({"vpc": VPC, "egress": "endpoints"}, "egress: endpoints in a VPC of your own"),
        (
            {"vpc": VPC, "vault_gateway": "tgw-1", "vault_cidrs": ["10.1.0.0/16"]},
            "vault_gateway: routes of a VPC of your own are yours",
        ),
        ({"vpc": VPC, "demo_vault": True}, "demo_vault: is made in a VPC of its own"),
        ({"demo_vault": True, "egress": "public"}, "demo_vault: installs itself from"),
        (
            {"demo_vault": True, "vault_address": "https://10.0.0.1:8200"},
            "vault_address: is how the demo Vault will be called: https://NAME:8200",
        ),
        (
            {"demo_vault": True, "vault_address": "https://vault.demo.internal"},
            "vault_address: is how the demo Vault will be called: https://NAME:8200",
        ),
        (
            {"demo_vault": True, "vault_auth": {"method": "aws", "role": "a"}},
            "vault_auth: OpenBao has no AWS method: choose secrets_manager",
        ),
        (
            {"demo_vault": True, "vault_ca_file": "ca.crt"},
            "vault_ca_file: the demo Vault has a CA of its own",
        ),
        ({"rules": "no-such.yaml"}, "rules: "),
    ],
)
def test_what_is_wrong_is_named_with_its_key(wrong: dict[str, Any], said: str) -> None:
    [found] = problems(**wrong)

    assert found.startswith(f"context: {said}")


def test_a_wrong_value_is_not_repeated() -> None:
    """It may be a token that slipped into the wrong key."""
    secret = "hvs.CAESIJ"

    assert secret not in "".join(problems(vault_auth=secret, image=secret))


def test_a_value_of_the_command_line_is_text() -> None:
    """As is each of -c."""
    found = config(
        scheduler="true",
        cpu="1024",
        memory="2048",
        log_retention_days="30",
        account="000000000012",
        certificate_arn="arn:aws:acm:eu-central-1:000000000012:certificate/1",
        consumers="[arn:aws:iam::222222222222:root]",
        vault_auth="{method: aws, role: replicator, header: vault.internal}",
    )

    assert found.scheduler is True
    assert (found.cpu, found.memory, found.log_retention_days) == (1024, 2048, 30)
    assert found.account == "000000000012"
    assert found.consumers == ("arn:aws:iam::222222222222:root",)
    assert found.vault_auth == ByAwsIdentity(
        method="aws", role="replicator", header="vault.internal"
    )


def test_rules_come_from_a_file_beside_cdk_json(tmp_path: Path) -> None:
    rules = [{"name": "a", "mount": "kv"}]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"rules": rules}))

    found = from_context({**REQUIRED, "rules": "rules.yaml"}, directory=tmp_path)

    assert list(found.rules or ()) == rules


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
    ],
)
def test_arns_are_of_the_partition(region: str, partition: str) -> None:
    found = config(**in_region(region, partition))

    assert found.partition == partition
    assert found.arn("sns", "x") == f"arn:{partition}:sns:{region}:123456789012:x"


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("https://vault.internal:8200", 8200),
        ("https://vault.internal", 443),
        ("http://vault.internal", 80),
    ],
)
def test_only_vaults_port_is_opened(address: str, port: int) -> None:
    assert config(vault_address=address).vault_port == port


def test_the_readme_has_every_key_and_its_default() -> None:
    """A row for a key, or for a few: keys | defaults | what they are."""
    text = (INFRA / "README.md").read_text()
    table = text.partition("| key | default | |")[2].partition("\n\n")[0]
    said = {}
    for row in table.splitlines()[2:]:
        keys, default = row.split("|")[1:3]
        said |= dict.fromkeys(re.findall("`([a-z_]+)`", keys), default.strip(" `"))

    assert list(said) == list(type(config()).model_fields)
    required = {key for key, default in said.items() if default == "required"}
    assert required == set(REQUIRED)


def test_cdk_json_says_nothing_for_a_deployment() -> None:
    """It is everybody's: only feature flags."""
    document = json.loads((INFRA / "cdk.json").read_text())

    assert all(key.startswith("@aws-cdk") for key in document["context"])
