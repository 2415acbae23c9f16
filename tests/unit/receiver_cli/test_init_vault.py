"""``init-vault`` where no Vault is asked: options that cannot be, and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from receiver.init_vault import intent_of
from receiver.settings import load_settings
from receiver.setup.document import document, exit_code
from receiver.setup.intent import Options
from receiver.setup.planning import steps
from receiver.terminal.setup_text import setup_text
from tests.unit.receiver_cli.conftest import run
from tests.unit.setup.intents import found, intent
from vault_audit_forwarder.program.checks import Check
from vault_audit_forwarder.program.errors import CommandError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAULT_TOKEN", "CANARY")
    document = _document({"method": "token", "token_file": "token"})
    file = tmp_path / "replicator.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def _document(auth: dict[str, str]) -> dict[str, object]:
    return {
        "listen": "127.0.0.1:8080",
        "vault": {
            "address": "https://127.0.0.1:1",
            "source": "vault-prod",
            "auth": auth,
        },
        "aws": {"region": "eu-central-1"},
        "webhook": {"signing_key_files": ["signing.key"]},
        "fingerprint": {"key_files": ["fingerprint.key"]},
        "rules": [{"name": "r", "mount": "kv"}],
        "queue": {"kind": "sqlite", "path": "state.db"},
    }


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--period", "soon"], "--period must be a duration"),
        (["--period", "5s"], "--period must be a minute or more"),
        (["--claim", "x"], "--claim is NAME=VALUE"),
        (["--audit-socket", "nowhere"], "--audit-socket must be HOST:PORT"),
        (["--audit-socket", "run/a.sock"], "--audit-socket must be an absolute path"),
        (["--audit-socket", "/a", "--forwarder-config", "f"], "exclude one another"),
        (["--jwt-key", "/nowhere.pem"], "/nowhere.pem: cannot be read"),
        (["--principal", "x", "--kms-key", "y"], "--kms-key is for secrets_manager"),
    ],
)
def test_options_that_cannot_be(
    config: Path, capsys: Captured, argv: list[str], said: str
) -> None:
    """Nobody is asked, and nothing is printed on stdout."""
    assert run("init-vault", "-c", config, *argv) == 1
    told = capsys.readouterr()

    assert said in told.err
    assert (told.out, "CANARY" in told.err) == ("", False)


@pytest.mark.parametrize("flag", ["--jwt-key", "--kubernetes-ca"])
def test_a_private_key_is_not_sent_to_vault(
    config: Path, capsys: Captured, flag: str
) -> None:
    """By whoever names the wrong file."""
    key = config.parent / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n")

    assert run("init-vault", "-c", config, flag, key) == 1
    told = capsys.readouterr().err
    assert f"{key}: holds a private key" in told
    assert "CANARY" not in told


def test_of_a_certificate_file_only_the_certificate_is_sent(tmp_path: Path) -> None:
    """A key and a chain may stand in it too."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    ours, authority = f"{begin}\nours\n{end}", f"{begin}\nca\n{end}"
    key = "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----"
    file = tmp_path / "us.pem"
    file.write_text("\n".join([key, ours, authority]))
    settings = load_settings(_with_cert(tmp_path), {})

    assert intent_of(settings, Options(), ()).certificate == ours
    file.write_text(key)
    with pytest.raises(CommandError, match="holds no certificate in PEM"):
        intent_of(settings, Options(), ())


def _with_cert(tmp_path: Path) -> Path:
    auth = {"method": "cert", "cert_file": "us.pem", "key_file": "k", "role": "r"}
    file = tmp_path / "cert.yaml"
    file.write_text(yaml.safe_dump(_document(auth)))
    return file


def test_without_an_admin_token(
    config: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can be asked, the variable is named."""
    monkeypatch.delenv("VAULT_TOKEN")

    assert run("init-vault", "-c", config) == 1
    assert "set VAULT_TOKEN" in capsys.readouterr().err


def test_the_text_of_a_dry_run() -> None:
    """Signs, what they mean, each request, and the count."""
    wanted = intent(enable_mounts=True)
    there = found(engines={}, unfit={"token": "is not there yet"}, devices=[])
    told = document(wanted, there, steps(wanted, there), is_dry=True)
    text = setup_text(told)

    assert text.splitlines()[:8] == [
        "Vault 1.18.0 at https://vault:8200",
        "",
        "  + create: it was not there",
        "  . note",
        "",
        "  + create   mount        kv                 enable KV v2",
        '      > POST sys/mounts/kv {"type": "kv", "options": {"version": "2"}}',
        "  + create   policy       vault-replicator   what the rules need, and no more",
    ]
    assert '      > POST sys/policies/acl/vault-replicator {"policy": "#' in text
    assert "        client_token → /run/token, mode 0600" in text
    assert text.endswith("3 to create. Nothing was changed.")
    assert exit_code(told) == 2


def test_the_text_of_a_run() -> None:
    """What was tried stands below, and what comes next at the end."""
    wanted = intent()
    there = found(devices=[])
    checks = [Check("login", "ok", "accepted"), Check("write", "failed", "let in")]
    told = document(wanted, there, steps(wanted, there), is_dry=False, checks=checks)
    text = setup_text({**told, "next": ["vault-replicator check"]})

    assert "  ✔ login: accepted\n  ✗ write: let in\n" in text
    assert "1 created; 1 of the credential's trials failed, see ✗ above." in text
    assert text.endswith("Next:\n  vault-replicator check")
    assert "capabilities" not in text
    assert exit_code(told) == 2


def test_nothing_to_do_is_said() -> None:
    """Never silence."""
    told = document(intent(), found(), [], is_dry=False)

    assert exit_code(told) == 0
    assert "Nothing to do." in setup_text({**told, "steps": [_step()]})


def _step() -> dict[str, object]:
    return {
        "kind": "there",
        "what": "policy",
        "name": "p\x1b[2J",
        "detail": "as it should be",
        "diff": "",
        "requests": [],
        "file": None,
    }
