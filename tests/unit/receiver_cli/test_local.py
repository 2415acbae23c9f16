"""A command that works by itself: what it says when the other sides are away."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from receiver.adapters.state_file import open_state
from tests.unit.receiver_cli.conftest import run
from vault_audit_forwarder import signing
from vault_audit_forwarder.program import logs

pytestmark = pytest.mark.integration

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration whose Vault and AWS nobody answers for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "demo")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "demo")
    (tmp_path / "token").write_text("s.canary-token")
    (tmp_path / "signing.key").write_text(signing.new_key())
    (tmp_path / "fingerprint.key").write_text("x" * 32)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{bound.getsockname()[1]}"
        document = {
            "listen": "127.0.0.1:0",
            "vault": {
                "address": nobody,
                "source": "vault-prod",
                "auth": {"method": "token", "token_file": "token"},
            },
            "aws": {"region": "eu-central-1", "endpoint_url": nobody},
            "webhook": {"signing_key_files": ["signing.key"]},
            "fingerprint": {"key_files": ["fingerprint.key"]},
            "rules": [{"name": "hybrid", "mount": "kv"}],
            "queue": {"kind": "sqlite", "path": "state.db"},
        }
        file = tmp_path / "replicator.yaml"
        file.write_text(yaml.safe_dump(document))
        yield file
    logs.configure("info", keys=(), stream=io.StringIO())  # the command chose its own


def test_a_vault_that_does_not_answer(config: Path, capsys: Captured) -> None:
    """Exit code 1, the cause and who must act; no address that nobody asked for."""
    assert run("plan", "--config", config) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "[VAULT_UNREACHABLE]\n  do     Vault admin: check network" in said.err
    assert "where" not in said.err
    assert "canary" not in said.err


def test_a_run_that_compared_nothing_has_failed(config: Path, capsys: Captured) -> None:
    """Exit code 1, and every fault."""
    assert run("reconcile", "--config", config) == 1
    said = capsys.readouterr()
    assert said.out.startswith("The run failed: 0 compared in ")
    assert "[VAULT_UNREACHABLE]" in said.out


def test_sync_waits_as_long_as_it_was_told(config: Path, capsys: Captured) -> None:
    """Exit code 4, with what stood in the way; the work stays in the state file."""
    assert run("sync", "kv/app/db", "--wait", "1s", "--config", config) == 4
    assert capsys.readouterr().out == (
        "kv/app/db: not in AWS in time; it stays queued, last failure "
        "VAULT_UNREACHABLE\n"
    )


def test_a_state_file_that_a_receiver_has(config: Path, capsys: Captured) -> None:
    """That one is to be asked, and how is said; what it holds is left alone."""
    state = open_state(config.with_name("state.db"))
    try:
        assert run("reconcile", "--config", config) == 1
    finally:
        state.close()

    said = capsys.readouterr()
    assert said.out == ""
    assert "VAULT_REPLICATOR_ADDR and VAULT_REPLICATOR_TOKEN" in said.err


def test_a_wrong_configuration(config: Path, capsys: Captured) -> None:
    """At file, line and column, as everywhere."""
    config.write_text(config.read_text() + "\nvalt: canary\n")

    assert run("plan", "--config", config) == 1
    said = capsys.readouterr().err
    assert f"{config}:" in said
    assert "valt: unknown key" in said
    assert "canary" not in said
