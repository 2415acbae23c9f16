"""``init-vault`` where the receiver's token is kept in AWS."""

from __future__ import annotations

import json

import pytest

from receiver.demo.emulator import ENVIRONMENT
from tests.integration.vault.site import (
    Site,
    changes_nothing,
)
from tests.strict_aws.account import Account

pytest_plugins = ["tests.strict_aws.fixtures"]


@pytest.fixture
def in_aws(
    site: Site, strict: Account, layer: str, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """Its connection secret is in the strict AWS."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    site.aws = layer
    return site


def connection(site: Site, strict: Account, name: str) -> dict[str, str]:
    """What the connection secret holds, which no run may say from now on."""
    text = strict.secrets.get_secret_value(SecretId=name)["SecretString"]
    held: dict[str, str] = json.loads(text)
    site.canaries.add(held["vaultToken"])
    return held


def test_secrets_manager(in_aws: Site, strict: Account) -> None:
    """A new secret by the key that was named, then new versions of it, when there is
    a placeholder in it or a token that has ended."""
    site, name, key = in_aws, strict.name(), strict.new_key()
    site.configure({"method": "secrets_manager", "secret_id": name})

    made = site.set_up("--kms-key", key)
    first = connection(site, strict, name)
    assert (made.code, set(made.proof.values())) == (0, {"ok"})
    assert first["vaultAddress"] == site.address
    assert strict.secrets.describe_secret(SecretId=name)["KmsKeyId"] == key
    changes_nothing(site)

    for text in ("a placeholder", json.dumps({"vaultAddress": "", "vaultToken": "x"})):
        strict.put(name, text)
        assert site.set_up().kinds["credential"] == "create"
        assert connection(site, strict, name)["vaultToken"] != first["vaultToken"]
    changes_nothing(site)


def test_another_vaults_connection_secret_is_left_alone(
    in_aws: Site, strict: Account
) -> None:
    """Somebody else's receiver lives by it."""
    site, (name, _) = in_aws, strict.create()
    held = json.dumps({"vaultAddress": "https://other:8200", "vaultToken": "CANARY"})
    site.canaries.add("CANARY")
    strict.put(name, held)
    site.configure({"method": "secrets_manager", "secret_id": name})
    said = site.set_up()

    assert (said.code, said.kinds["credential"]) == (2, "needs_you")
    assert strict.secrets.get_secret_value(SecretId=name)["SecretString"] == held


def test_a_token_without_a_place_is_revoked(in_aws: Site, strict: Account) -> None:
    """AWS refuses the key: the command fails, and leaves no token behind."""
    site, name, key = in_aws, strict.name(), strict.new_key()
    site.configure({"method": "secrets_manager", "secret_id": name})
    strict.disable(key)
    before = accessors(site)
    said = site.set_up("--kms-key", key)

    assert (said.code, said.out) == (1, "")
    assert "the connection secret: " in said.err
    assert "2 of 3 steps were done" in said.err
    assert accessors(site) == before


def accessors(site: Site) -> set[str]:
    """Of all tokens that live."""
    return set(site.admin("GET", "auth/token/accessors?list=true")["data"]["keys"])


def test_the_connection_secret_is_not_where_secrets_go(in_aws: Site) -> None:
    """There the receiver's own policy lets it read nothing."""
    target = {"name": "hybrid/{path}"}
    rule = {"name": "hybrid", "mount": in_aws.mount, "target": target}
    for name in (
        "hybrid/vault-connection",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hybrid/vault-AbCdEf",
    ):
        in_aws.configure({"method": "secrets_manager", "secret_id": name}, rule)
        said = in_aws.set_up()

        assert said.code == 1
        assert f"{name}: a rule gives this name to what it replicates" in said.err
