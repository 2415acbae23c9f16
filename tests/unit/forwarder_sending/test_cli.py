"""The command from outside: output, exit codes, JSON documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.forwarder_sending.scripted_receiver import Reply, ScriptedReceiver
from tests.unit.program.test_command_line import faulty_helps
from vault_audit_forwarder import __version__, wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.cli import app
from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.spool import Spool


def run(*argv: object) -> int:
    return command_line.run(app, [str(one) for one in argv], prog="forwarder")


@pytest.fixture
def config(tmp_path: Path, receiver: ScriptedReceiver, key_file: Path) -> Path:
    file = tmp_path / "forwarder.yaml"
    file.write_text(
        f"source: vault-prod\nlisten: [{{unix: audit.sock}}]\n"
        f"receiver: {{url: '{receiver.url}', signing_key_file: {key_file}}}\n"
        "spool: {path: spool/spool.db}\n"
    )
    return file


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Program and number on one line."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"vault-audit-forwarder {__version__}\n"


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_the_schema(capsys: pytest.CaptureFixture[str], extra: list[str]) -> None:
    """One JSON document on stdout."""
    assert run("schema", *extra) == 0
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False


@pytest.mark.parametrize(("status", "code"), [(202, 0), (401, 2)])
def test_check_has_three_endings(
    config: Path,
    receiver: ScriptedReceiver,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: int,
) -> None:
    """0 well, 2 something failed; a configuration that cannot be read is 1."""
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    receiver.script.append(Reply(status))

    assert run("check", "--config", config, "--json") == code
    assert json.loads(capsys.readouterr().out)["well"] is (code == 0)

    config.write_text("nonsense: true\n")
    assert run("check", "--config", config) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{config}:1:1: ")


@pytest.mark.parametrize(
    "argv",
    [
        ["run"],
        ["check"],
        ["deliveries"],
        ["replay"],
        ["run", "--config", "/no/such/file"],
        ["run", "--conf"],
        ["fly"],
    ],
    ids=" ".join,
)
def test_usage_errors_are_exit_code_1(argv: list[str]) -> None:
    """Everywhere."""
    assert run(*argv) == 1


def test_deliveries_and_replay(
    config: Path,
    open_spool: Callable[..., Spool],
    hint: Callable[..., Hint],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What waits, what was set aside and why, and back in line with it."""
    spool = open_spool(clock=lambda: 1_795_000_000.0)
    gap = Hint(wire.Gap(reason="connection"), "gap", None)
    spool.add([hint("data/bad", namespace="team/"), hint("data/b"), gap])
    spool.set_aside(spool.peek(1)[0], "422: the receiver cannot read it")
    spool.remember_failure("503: the receiver cannot take more now")

    assert run("deliveries", "--config", config, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format_version"] == 1
    assert document["pending"] == {
        "vault.kv.changed": 1,
        "vault.mount.changed": 0,
        "vault.audit.gap": 1,
    }
    (aside,) = document["set_aside"]
    assert aside["data"]["path"] == "data/bad"
    assert aside["reason"] == "422: the receiver cannot read it"
    assert document["last_failure"] == {
        "at": "2026-11-18T11:06:40.000Z",
        "reason": "503: the receiver cannot take more now",
    }

    assert run("deliveries", "--config", config) == 0
    assert "team/kv/data/bad" in capsys.readouterr().out

    assert run("replay", "--config", config) == 1
    assert "--set-aside" in capsys.readouterr().err
    assert run("replay", "--set-aside", "--config", config, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"format_version": 1, "replayed": 1}
    assert spool.pending().events == 3


def test_without_a_spool_there_is_nothing_to_show(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And none is made by looking."""
    assert run("deliveries", "--config", config) == 1
    assert "there is no spool" in capsys.readouterr().err
    assert not (config.parent / "spool").exists()


def test_help_begins_with_an_example_and_ends_with_the_exit_codes() -> None:
    """What people look for first, and what they script against, in every command."""
    assert faulty_helps(app, "vault-audit-forwarder") == []
