"""The command ``vault-replicator``. What a command needs is imported inside it, so
that help and completion answer at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from receiver.commands.asking import list_secrets, status
from receiver.commands.comparing import plan, reconcile
from receiver.commands.deciding import deciding
from receiver.commands.explaining import explain
from receiver.commands.granting import policy
from receiver.commands.options import Config
from receiver.commands.pausing import pause, resume
from receiver.commands.setting_up import init_vault
from receiver.commands.syncing import sync
from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.program.command_line import AsJson, show

PROG = "vault-replicator"
WELL, FAILED = 0, 2

_SET_UP, _RUN = "Try and set up", "Run"
_COMPARE, _ASK, _DECIDE = "Compare and replicate", "Ask", "Decide"

app = command_line.new_app(
    "Brings every secret written in Vault to AWS Secrets Manager, within a second.",
    prog=PROG,
)
keys_app = typer.Typer(no_args_is_help=True, help="Make keys.")
app.add_typer(keys_app, name="keys", rich_help_panel=_SET_UP)
app.add_typer(policy, name="policy", rich_help_panel=_SET_UP)


@app.command(rich_help_panel=_RUN)
def serve(config: Config) -> None:
    """Take events and replicate until told to end.

    Example: vault-replicator serve --config replicator.yaml

    Exit codes: 0 after SIGTERM or SIGINT, 1 when it cannot start.
    """
    from receiver.serving import serve as run

    run(config, os.environ)


@app.command(rich_help_panel=_RUN)
def check(config: Config, as_json: AsJson = False) -> int:
    """Look at everything a receiver needs: Vault, every mount, AWS, keys, state.

    Example: vault-replicator check --config replicator.yaml

    Changes nothing. All checks run, then the verdict.

    Exit codes: 0 well, 1 could not run, 2 something failed.
    """
    from receiver.check import check as run_checks
    from receiver.settings import load_settings

    report = run_checks(load_settings(config, os.environ))
    show(report.as_json() if as_json else report.as_text())
    return WELL if report.well else FAILED


app.command(rich_help_panel=_COMPARE)(plan)
app.command(rich_help_panel=_COMPARE)(reconcile)
app.command(rich_help_panel=_COMPARE)(sync)
app.command(rich_help_panel=_ASK)(status)
app.command("list", rich_help_panel=_ASK)(list_secrets)
app.command(rich_help_panel=_ASK)(explain)
for _what in ("retry", "adopt", "release"):
    app.command(_what, rich_help_panel=_DECIDE)(deciding(_what))
app.command(rich_help_panel=_DECIDE)(pause)
app.command(rich_help_panel=_DECIDE)(resume)


app.command("init-vault", rich_help_panel=_SET_UP)(init_vault)


@app.command(rich_help_panel=_SET_UP)
def schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of replicator.yaml, for completion in an editor.

    Example: vault-replicator schema > replicator.schema.json

    Exit codes: 0 printed.
    """
    from receiver.settings import schema as settings_schema

    del as_json  # a schema is JSON either way
    show(settings_schema())


@keys_app.command("new")
def keys_new(as_json: AsJson = False) -> None:
    """Print a fresh signing key, for both sides of the webhook.

    Example: vault-replicator keys new > signing.key

    Exit codes: 0 printed.
    """
    from vault_audit_forwarder.signing import new_key

    key = new_key()
    show({"format_version": 1, "signing_key": key} if as_json else key)


@app.command(rich_help_panel=_SET_UP)
def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running afterwards.")
    ] = False,
) -> int:
    """Start a real OpenBao and an emulator of AWS, and show changes arriving.

    Example: vault-replicator demo --keep

    Exit codes: 0 all arrived, 1 some did not, 130 interrupted.
    """
    from receiver.demo.story import main as tell

    return tell(keep)


def main() -> None:
    """The console script."""
    sys.exit(command_line.run(app, prog=PROG))
