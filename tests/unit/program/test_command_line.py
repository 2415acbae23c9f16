"""Exit codes and words at the terminal."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.program.errors import CommandError, ConfigError

#: What the commands need, of either program.
HEAVY = frozenset(
    {
        *("asyncio", "boto3", "botocore", "fastapi", "httpx", "hvac", "msgspec"),
        *("prometheus_client", "pydantic", "requests", "rich.progress", "sqlite3"),
        *("ssl", "starlette", "structlog", "uvicorn", "yaml"),
    }
)


def loaded_for_help(module: str) -> set[str]:
    """What a program has imported when it has shown its help."""
    script = (
        f"import atexit, sys; from {module} import main; sys.argv[1:] = ['--help']; "
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    asked = [sys.executable, "-c", script]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
    return set(done.stderr.split())


def faulty_helps(app: typer.Typer, prog: str) -> list[str]:
    """The commands whose help lacks an example as its second paragraph, or the exit
    codes as its last."""
    return [
        name
        for name, help in _helps(typer.main.get_command(app), prog)
        if not f"{help}\n\n".split("\n\n")[1].startswith(f"Example: {name}")
        or not help.split("\n\n")[-1].startswith("Exit codes: 0 ")
    ]


def _helps(command: Any, name: str) -> Iterator[tuple[str, str]]:
    for word, part in getattr(command, "commands", {}).items():
        yield from _helps(part, f"{name} {word}")
    if not hasattr(command, "commands"):
        yield name, inspect.cleandoc(command.help or "")


def application() -> typer.Typer:
    app = command_line.new_app("An application.", prog="app")

    @app.command()
    def number(value: int = 0) -> int:
        return value

    @app.command()
    def refuse(as_json: command_line.AsJson = False) -> None:
        what = "no such thing"
        raise CommandError(f"{what}; make one", what=what, do="make one", cause="X")

    @app.command()
    def misconfigured(as_json: command_line.AsJson = False) -> None:
        raise ConfigError(["a.yaml:1:1: first", "a.yaml:2:1: second"])

    @app.command()
    def broken(as_json: command_line.AsJson = False) -> None:
        local = "SECRET"
        raise RuntimeError(local)

    @app.command()
    def aborted() -> None:
        raise typer.Abort

    @app.command()
    def interrupted() -> None:
        raise KeyboardInterrupt

    return app


def run(*argv: str) -> int:
    return command_line.run(application(), argv, prog="prog")


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["number"], 0),
        (["number", "--value", "2"], 2),
        (["refuse"], 1),
        (["misconfigured"], 1),
        (["broken"], 1),
        (["interrupted"], 130),
        (["aborted"], 130),
        (["nonsense"], 1),
        (["number", "--nonsense"], 1),
        (["number", "--value", "x"], 1),
        ([], 1),
        (["-h"], 0),
        (["number", "--help"], 0),
    ],
)
def test_exit_codes(argv: list[str], code: int) -> None:
    """A command's own code, 1 for every error, 130 for Ctrl-C."""
    assert run(*argv) == code


def test_an_expected_error_is_one_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing goes to stdout, and there is no traceback."""
    run("refuse")

    assert capsys.readouterr() == ("", "error: no such thing; make one\n")


def test_configuration_problems_open_their_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """FILE:LINE:COLUMN comes first, so that an editor can jump there."""
    run("misconfigured")

    assert capsys.readouterr().err.splitlines() == [
        "a.yaml:1:1: first",
        "a.yaml:2:1: second",
        "error: the configuration cannot be used",
    ]


def test_a_wrong_option_names_the_way_to_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A usage error says what was wrong and where to look."""
    run("number", "--nonsense")
    error = capsys.readouterr().err

    assert error.startswith("error: No such option")
    assert "see prog --help" in error


def test_a_bug_shows_where_but_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    """The frames of an unforeseen error are printed, its message is not."""
    run("broken")
    error = capsys.readouterr().err

    assert "in broken" in error
    assert error.endswith("unexpected RuntimeError: a bug, please report it\n")
    assert "SECRET" not in error


@pytest.mark.parametrize(
    ("argv", "document"),
    [
        (["refuse"], {"error": "no such thing", "do": "make one", "cause": "X"}),
        (
            ["misconfigured"],
            {
                "error": "the configuration cannot be used",
                "problems": ["a.yaml:1:1: first", "a.yaml:2:1: second"],
            },
        ),
        (["refuse", "--nonsense"], {"error": "No such option: --nonsense"}),
    ],
)
def test_json_errors(
    argv: list[str], document: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json an error is one document on stderr, and stdout stays empty."""
    assert run(*argv, "--json") == 1
    said = capsys.readouterr()

    assert said.out == ""
    assert json.loads(said.err) == {"format_version": 1} | document


def test_a_bug_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, without the message."""
    assert run("broken", "--json") == 1
    document = json.loads(capsys.readouterr().err)

    assert document["error"] == "unexpected RuntimeError: a bug, please report it"
    assert any("in broken" in line for line in document["trace"])
    assert "SECRET" not in str(document)


def test_help_imports_nothing_heavy() -> None:
    """Help and completion answer without the libraries of the commands."""
    assert loaded_for_help("vault_audit_forwarder.cli") & HEAVY == set()
