"""Options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="replicator.yaml")
]
OwnConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Work by itself with this replicator.yaml, instead of asking the receiver "
        "at VAULT_REPLICATOR_ADDR.",
    ),
]
RuleName = Annotated[
    str | None, typer.Option("--rule", metavar="R", help="Only what this rule covers.")
]
Glob = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="GLOB",
        help="Only paths that match, inside the mount or with it in front.",
    ),
]
Secret = Annotated[str | None, typer.Argument(metavar="MOUNT/PATH", show_default=False)]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", metavar="N", help="The namespace of the mount."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what it is about, and do nothing.")
]
