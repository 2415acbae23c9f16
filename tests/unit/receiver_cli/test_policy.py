"""The command policy: what is printed is what the tools of Vault and AWS read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.receiver_cli.conftest import run

Captured = pytest.CaptureFixture[str]

ROLE = "arn:aws:iam::222222222222:role/replicator"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two rules, one by a role. None of the files that it names exists."""
    return written(tmp_path)


def written(folder: Path, **changed: Any) -> Path:
    """The same, with other parts."""
    document: dict[str, Any] = {
        "listen": "127.0.0.1:8080",
        "vault": {
            "address": "https://vault.internal:8200",
            "source": "vault-prod",
            "auth": {"method": "token", "token_file": "token"},
        },
        "aws": {"region": "eu-central-1"},
        "webhook": {"signing_key_files": ["signing.key"]},
        "fingerprint": {"key_files": ["fingerprint.key"]},
        "rules": [
            {"name": "r", "mount": "kv"},
            {"name": "s", "mount": "old", "target": {"role_arn": ROLE}},
        ],
        "queue": {"kind": "sqlite", "path": "state.db"},
    }
    file = folder / "replicator.yaml"
    file.write_text(yaml.safe_dump(document | changed))
    return file


def test_vault(config: Path, capsys: Captured) -> None:
    """As HCL; a mount is KV v2 unless it is named."""
    assert run("policy", "vault", "-c", config, "--kv-v1", "old/") == 0
    said = capsys.readouterr().out

    assert 'path "kv/data/*" {\n  capabilities = ["read"]\n}\n' in said
    assert 'path "old/*" {\n  capabilities = ["read", "list"]\n}\n' in said


def test_vault_as_json(config: Path, capsys: Captured) -> None:
    """The same in a document."""
    assert run("policy", "vault", "-c", config, "--json") == 0
    document = json.loads(capsys.readouterr().out)

    assert document["format_version"] == 1
    assert 'path "kv/data/*"' in document["policy"]


def test_aws(config: Path, capsys: Captured) -> None:
    """As IAM takes it, for who runs the receiver."""
    assert run("policy", "aws", "-c", config, "--account", "123456789012") == 0
    document = json.loads(capsys.readouterr().out)

    assert document.keys() == {"Version", "Statement"}
    by_sid = {one["Sid"]: one for one in document["Statement"]}
    assert by_sid["Assume"]["Resource"] == [ROLE]
    assert by_sid["Write"]["Resource"] == [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kv/*"
    ]


def test_aws_for_a_role(config: Path, capsys: Captured) -> None:
    """In its own account; only the statement that is asked for."""
    asked = ("--role", ROLE, "--statement", "never-elsewhere")
    assert run("policy", "aws", "-c", config, *asked) == 0
    (statement,) = json.loads(capsys.readouterr().out)["Statement"]

    assert statement["NotResource"] == [
        "arn:aws:secretsmanager:eu-central-1:222222222222:secret:old/*"
    ]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("vault", "--kv-v1", "nope"), "--kv-v1 nope: no rule has this mount"),
        (("aws", "--role", "arn:aws:iam::1:role/x"), "no rule assumes this role"),
        (("aws", "--topic-key", "1"), "this one tells no SNS topic"),
        (("aws", "--connection-key", "1"), "this one reads no secret of vault.auth"),
        (("aws", "--statement", "kms"), "those they need are List, Describe,"),
    ],
)
def test_what_no_rule_has(
    config: Path, capsys: Captured, asked: tuple[str, ...], says: str
) -> None:
    """Is refused: an empty policy would look like a finished one."""
    assert run("policy", asked[0], "-c", config, *asked[1:]) == 1
    said = capsys.readouterr()

    assert says in said.err
    assert said.out == ""


CONNECTION = {
    "address": "https://vault.internal:8200",
    "source": "vault-prod",
    "auth": {"method": "secrets_manager", "secret_id": "hybrid/vault"},
}


def test_aws_with_keys_besides(tmp_path: Path, capsys: Captured) -> None:
    """Those of the topic and of Vault's token are in no configuration."""
    topic = "arn:aws:sns:eu-west-1:123456789012:told"
    notify = [{"kind": "sns", "topic_arn": topic}]
    config = written(tmp_path, vault=CONNECTION, notify=notify)
    asked = ("--connection-key", "1", "--topic-key", "2", "--statement", "kms")

    assert run("policy", "aws", "-c", config, *asked) == 0
    found = json.loads(capsys.readouterr().out)["Statement"]
    assert [one["Resource"] for one in found] == [
        "arn:aws:kms:eu-central-1:*:key/1",
        "arn:aws:kms:eu-west-1:*:key/2",
    ]


def test_vaults_token_below_a_rules_names(tmp_path: Path, capsys: Captured) -> None:
    """Nothing may be read there: said, rather than found out at the login."""
    auth = {"method": "secrets_manager", "secret_id": "kv/vault"}
    config = written(tmp_path, vault=CONNECTION | {"auth": auth})

    assert run("policy", "aws", "-c", config) == 1
    assert "kv/vault: a rule gives this name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("includes", "says"),
    [(1, ""), (20, "make it an inline policy"), (100, "print it in parts")],
)
def test_a_policy_that_is_too_long(
    tmp_path: Path, capsys: Captured, includes: int, says: str
) -> None:
    """Is printed, and what IAM will say to it."""
    globs = [f"a-team-of-many/number-{number}/**" for number in range(includes)]
    config = written(tmp_path, rules=[{"name": "r", "mount": "kv", "include": globs}])

    assert run("policy", "aws", "-c", config) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["Statement"]
    assert said.err.startswith("warning: ") if says else said.err == ""
    assert says in said.err
