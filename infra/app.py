"""What ``cdk`` runs: the context becomes a stack, or the reasons why not."""

from __future__ import annotations

import sys
from pathlib import Path

from aws_cdk import App

from infra.configuration import configuration
from infra.context import from_context
from infra.stack import ReplicatorStack
from vault_audit_forwarder.program.config_file import ConfigError


def main() -> int:
    """Exit code 1 and the reasons on stderr, when there are some."""
    app = App()
    try:
        config = from_context(app.node.get_all_context(), directory=Path.cwd())
        made = configuration(config)
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201  # cdk shows it
        return 1
    ReplicatorStack(app, "Replicator", config, made)
    app.synth()
    # For init-vault: so both sides are told of the same rules.
    text = made.with_ca(config.vault_ca_file)
    Path(app.outdir, "replicator.yaml").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
