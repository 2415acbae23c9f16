"""How both programs behave at a terminal.

Data goes to stdout, everything else to stderr. Usage, configuration and start-up
errors exit 1 and are one ``error: …`` line each, or with ``--json`` one document, on
stderr; Ctrl-C exits 130. What nobody foresaw shows where it happened, but never a
message or a local variable: those can hold what must not be printed.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from vault_audit_forwarder import __version__
from vault_audit_forwarder.program.errors import CommandError, ConfigError

OK, ERROR, INTERRUPTED = 0, 1, 130
FORMAT_VERSION = 1

_UNUSABLE = "the configuration cannot be used"


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def new_app(help: str, *, prog: str) -> typer.Typer:
    """A typer application with the manners above. Run it with :func:`run`."""
    app = typer.Typer(
        help=help,
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def print_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{prog} {__version__}")
            raise typer.Exit

    version_option = typer.Option(
        False, "--version", callback=print_version, is_eager=True, help="Print it."
    )

    @app.callback()
    def _options(version: bool = version_option) -> None:
        pass

    return app


def show(output: str | dict[str, Any]) -> None:
    """Data on stdout: text as it is, a document as JSON."""
    if isinstance(output, dict):
        output = json.dumps(output, indent=2, ensure_ascii=False)
    typer.echo(output)


def run(app: typer.Typer, argv: Sequence[str] | None = None, *, prog: str) -> int:
    """Run a command and return its exit code; a command may return one as an int."""
    command = typer.main.get_command(app)
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = command.main(arguments, prog_name=prog, standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED  # Ctrl-C itself comes back from typer as a code
    except Exception as error:
        if "--json" in arguments:
            typer.echo(json.dumps(_document(error), ensure_ascii=False), err=True)
        else:
            for line in _lines(error, prog):
                typer.echo(line, err=True)
        return ERROR
    return code if isinstance(code, int) else OK


def _lines(error: Exception, prog: str) -> list[str]:
    """For a person."""
    match error:
        case ConfigError():
            # FILE:LINE:COLUMN opens each line, as editors and terminals expect it.
            return [*error.problems, f"error: {_UNUSABLE}"]
        case CommandError():
            return [f"error: {error}"]
        case typer.TyperException():
            # Without arguments the help was printed, and the message is empty.
            text = error.format_message()
            return [f"error: {text}", f"see {prog} --help"] if text else []
    return [*_frames(error), f"error: {_bug(error)}"]


def _document(error: Exception) -> dict[str, Any]:
    """For a program: the same in one document."""
    told: dict[str, Any] = {"format_version": FORMAT_VERSION}
    match error:
        case ConfigError():
            return told | {"error": _UNUSABLE, "problems": error.problems}
        case CommandError():
            return told | {"error": error.what, **error.details}
        case typer.TyperException():
            return told | {"error": error.format_message()}
    return told | {"error": _bug(error), "trace": _frames(error)}


def _bug(error: Exception) -> str:
    return f"unexpected {type(error).__name__}: a bug, please report it"


def _frames(error: Exception) -> list[str]:
    return "".join(traceback.format_tb(error.__traceback__)).splitlines()
