"""The command ``vault-audit-forwarder``. What a command needs is imported inside it,
so that help and completion answer at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

PROG = "vault-audit-forwarder"
WELL, FAILED = 0, 2

app = command_line.new_app(
    "Listens to Vault's audit stream and tells the replicator which secrets changed.",
    prog=PROG,
)

Config = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="forwarder.yaml")
]


@app.command()
def run(config: Config) -> None:
    """Forward until told to end.

    Example: vault-audit-forwarder run --config forwarder.yaml

    Exit codes: 0 after SIGTERM or SIGINT, 1 when it cannot start.
    """
    from vault_audit_forwarder.serving import serve

    serve(config, os.environ)


@app.command()
def check(config: Config, as_json: AsJson = False) -> int:
    """Look at everything, and print how to enable the audit device.

    Example: vault-audit-forwarder check --config forwarder.yaml

    Sends an empty signed batch to the receiver. Asks Vault for a second audit device
    when VAULT_ADDR and VAULT_TOKEN are set.

    Exit codes: 0 well, 1 could not run, 2 something failed.
    """
    from vault_audit_forwarder.check import check as run_checks
    from vault_audit_forwarder.settings import load_settings

    report = run_checks(load_settings(config, os.environ), os.environ)
    show(report.as_json() if as_json else report.as_text())
    return WELL if report.well else FAILED


@app.command()
def schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of forwarder.yaml, for completion in an editor.

    Example: vault-audit-forwarder schema > forwarder.schema.json

    Exit codes: 0 printed.
    """
    from vault_audit_forwarder.settings import schema as settings_schema

    del as_json  # a schema is JSON either way
    show(settings_schema())


@app.command()
def deliveries(config: Config, as_json: AsJson = False) -> None:
    """Show what waits, what was set aside and why, and the last failure.

    Example: vault-audit-forwarder deliveries --config forwarder.yaml

    Exit codes: 0 shown, 1 error.
    """
    from vault_audit_forwarder.settings import load_settings
    from vault_audit_forwarder.spool_report import read_deliveries

    found = read_deliveries(load_settings(config, os.environ))
    show(found.as_json() if as_json else found.as_text())


@app.command()
def replay(
    config: Config,
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Everything that was set aside.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put events back in line; a running forwarder sends them within seconds.

    Example: vault-audit-forwarder replay --set-aside --config forwarder.yaml

    Exit codes: 0 done, or nothing to do, 1 error.
    """
    if not set_aside:
        raise CommandError("say what to replay: --set-aside")
    from vault_audit_forwarder.settings import load_settings
    from vault_audit_forwarder.spool_report import replay as replay_set_aside

    count = replay_set_aside(load_settings(config, os.environ))
    text = f"{count} events are in line again"
    show({"format_version": 1, "replayed": count} if as_json else text)


def main() -> None:
    """The console script."""
    sys.exit(command_line.run(app, prog=PROG))
