"""The command from outside: output and exit codes of what needs no Vault."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from receiver import __version__
from receiver.cli import app
from tests.unit.program.test_command_line import (
    HEAVY,
    faulty_helps,
    loaded_for_help,
)
from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.signing import parse_key


def run(*argv: object) -> int:
    return command_line.run(app, [str(one) for one in argv], prog="vault-replicator")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Program and number on one line."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"vault-replicator {__version__}\n"


def test_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON document on stdout."""
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "replicator.yaml"


def test_new_keys_are_good_and_never_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As text for a file, or in a document."""
    assert run("keys", "new") == 0
    assert run("keys", "new", "--json") == 0
    text, _, document = capsys.readouterr().out.partition("\n")
    other = json.loads(document)["signing_key"]

    assert len(parse_key(text)) == 32
    assert parse_key(text) != parse_key(other)


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_configuration_that_cannot_be_used_is_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """At file, line and column, with a guess, and without what was written."""
    file = tmp_path / "replicator.yaml"
    file.write_text("listen: 127.0.0.1:0\nvalt: {address: canary}\n")

    assert run(command, "--config", file) == 1
    said = capsys.readouterr()
    assert f"{file}:2:1: valt" in said.err
    assert "vault" in said.err
    assert "canary" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("argv", [["serve"], ["nonsense"], ["serve", "--nonsense"]])
def test_wrong_usage_is_exit_1(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And said on stderr."""
    assert run(*argv) == 1
    assert "error:" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    """So that it answers at once."""
    assert loaded_for_help("receiver.cli") & HEAVY == set()


def test_help_begins_with_an_example_and_ends_with_the_exit_codes() -> None:
    """What people look for first, and what they script against, in every command."""
    assert faulty_helps(app, "vault-replicator") == []


def test_completion_names_the_commands() -> None:
    """What the shell asks for is answered by the program itself."""
    asked = subprocess.run(
        [sys.executable, "-c", "from receiver.cli import main; main()"],
        capture_output=True,
        text=True,
        check=True,
        env={
            "_VAULT_REPLICATOR_COMPLETE": "complete_bash",
            "COMP_WORDS": "vault-replicator pa",
            "COMP_CWORD": "1",
        },
    )

    assert asked.stdout.split() == ["pause"]
