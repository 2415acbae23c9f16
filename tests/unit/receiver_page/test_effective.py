"""The configuration as it is shown: complete, and without anything secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from receiver.effective import effective, reloaded
from receiver.settings import Settings
from vault_audit_forwarder import signing
from vault_audit_forwarder.program.config_types import DIRECTORY

KEY = signing.new_key()
DOCUMENT: dict[str, Any] = {
    "listen": "127.0.0.1:8080",
    "vault": {
        "address": "https://vault.internal:8200",
        "source": "vault-prod",
        "auth": {"method": "token", "token_file": "vault.token"},
    },
    "aws": {
        "region": "eu-central-1",
        "role_arn": "arn:aws:iam::123456789012:role/replicator",
        "external_id": "c4n4ry-external",
    },
    "webhook": {"signing_keys": [KEY], "signing_key_files": ["old.key"]},
    "admin": {
        "tokens": [{"name": "oncall", "scope": "admin", "token_file": "admin.token"}]
    },
    "fingerprint": {"key_files": ["new.key", "fingerprint.key"]},
    "rules": [
        {
            "name": "hybrid",
            "mount": "kv",
            "exclude": ["tmp/**"],
            "target": {
                "tags": {"team": "platform"},
                "replica_regions": ["eu-west-1", {"region": "us-east-1"}],
            },
        }
    ],
    "queue": {"kind": "sqlite", "path": "state.db"},
    "reconcile": {"interval": "never"},
}


def read(**more: Any) -> Settings:
    return Settings.model_validate(DOCUMENT | more, context={DIRECTORY: Path("/etc/r")})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("listen", "127.0.0.1:8080"),
        ("tls", "not set"),
        ("vault.auth.token_file", "set (file /etc/r/vault.token)"),
        ("aws.external_id", "set"),
        ("webhook.signing_keys", "set"),
        ("webhook.signing_key_files", "set (file /etc/r/old.key)"),
        ("webhook.tolerance", "300"),
        ("admin.tokens[0].name", "oncall"),
        ("admin.tokens[0].token_file", "set (file /etc/r/admin.token)"),
        (
            "fingerprint.key_files",
            "set (file /etc/r/new.key), set (file /etc/r/fingerprint.key)",
        ),
        ("rules[0].exclude", "tmp/**"),
        ("rules[0].opt_in", "no"),
        ("rules[0].target.tags", "team=platform"),
        ("rules[0].target.replica_regions[0]", "eu-west-1"),
        ("rules[0].target.replica_regions[1].region", "us-east-1"),
        ("reconcile.interval", "never"),
        ("limits.writes_per_second", "20"),
    ],
)
def test_what_is_shown(key: str, value: str) -> None:
    """Values and defaults as they are, files by where they are, secrets not at all."""
    assert dict(effective(read()))[key] == value


def test_nothing_secret_is_shown() -> None:
    """Neither keys that stand in the file itself, nor what two parties agreed on."""
    said = str(effective(read()))

    assert KEY not in said
    assert KEY.removeprefix("whsec_") not in said
    assert "c4n4ry" not in said


def test_every_key_is_there() -> None:
    """What is not set is said to be not set."""
    keys = [key for key, _ in effective(read())]

    assert len(keys) == len(set(keys))
    tops = {key.partition(".")[0].partition("[")[0] for key in keys}
    assert tops == set(Settings.model_fields)


def test_a_reload_changes_what_it_takes_over() -> None:
    """The rest is in effect as it was at the start."""
    again = read(workers=2, rules=[{"name": "other", "mount": "kv"}])
    lines = dict(effective(reloaded(read(), again)))

    assert (lines["rules[0].name"], lines["workers"]) == ("other", "8")
