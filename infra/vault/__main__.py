"""``python -m infra.vault``: init, unseal, status and revoke-root of a demo server.

No key is ever printed: stdout has states, stderr has sentences, files have keys.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.vault import ceremony
from infra.vault.key_files import KeyFiles
from infra.vault.server import Seal, connected
from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.program.command_line import FORMAT_VERSION, AsJson, show
from vault_audit_forwarder.program.errors import CommandError

PROG = "python -m infra.vault"
OPEN, NEEDS_SOMEBODY = 0, 2

app = command_line.new_app(
    "Starts the life of an OpenBao for a demo. Not for production.", prog=PROG
)

Address = Annotated[
    str, typer.Option(envvar=["VAULT_ADDR", "BAO_ADDR"], help="The server's.")
]
CaFile = Annotated[
    Path | None,
    typer.Option(envvar=["VAULT_CACERT", "BAO_CACERT"], help="Who signed for it."),
]
Keys = Annotated[Path, typer.Option(metavar="DIR", help="A file for each key.")]
HERE = "https://127.0.0.1:8200"


@app.command()
def init(
    keys: Keys,
    shares: Annotated[int, typer.Option(min=1, max=255)] = 5,
    threshold: Annotated[int, typer.Option(min=1, max=255)] = 3,
    address: Address = HERE,
    ca_file: CaFile = None,
) -> None:
    """Have the server make its keys, and put each into a file of its own.

    Example: python -m infra.vault init --keys /root/openbao-keys

    Does nothing to a server that is initialized. Give each share to somebody else and
    remove it here; revoke-root once the server is set up.

    Exit codes: 0 done, or nothing to do; 1 not done.
    """
    if (threshold == 1) != (shares == 1) or threshold > shares:
        raise CommandError("--threshold: from 2 to --shares; one share has no other")
    with connected(address, ca_file) as server:
        done = ceremony.initialize(
            server, KeyFiles(keys), shares=shares, threshold=threshold
        )
    _say(f"initialized: its keys are in {keys}" if done else "nothing to do: it was")


@app.command()
def unseal(
    keys: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    share: Annotated[list[Path] | None, typer.Option(metavar="FILE")] = None,
    address: Address = HERE,
    ca_file: CaFile = None,
) -> int:
    """Open the server with the shares of a directory, or with single ones.

    Example: python -m infra.vault unseal --share /media/mine/unseal-share-4

    Exit codes: 0 open, 2 takes more shares, 1 could not.
    """
    files = list(share or [])
    if keys is not None:
        files += KeyFiles(keys).shares(recovery=False)
    if not files:
        raise CommandError("no share: --keys with a directory of some, or --share")
    with connected(address, ca_file) as server:
        seal = ceremony.unseal(server, files)
    _say(_told(seal))
    return NEEDS_SOMEBODY if seal.sealed else OPEN


@app.command()
def status(
    address: Address = HERE, ca_file: CaFile = None, as_json: AsJson = False
) -> int:
    """Say whether it is initialized and open.

    Example: python -m infra.vault status --address https://vault.internal:8200

    Exit codes: 0 open, 2 needs somebody, 1 cannot tell.
    """
    with connected(address, ca_file) as server:
        seal = server.seal()
    told = {"format_version": FORMAT_VERSION, **asdict(seal)}
    show(told if as_json else _told(seal))
    return NEEDS_SOMEBODY if seal.sealed else OPEN


@app.command()
def revoke_root(keys: Keys, address: Address = HERE, ca_file: CaFile = None) -> None:
    """End the first token, and remove its file.

    Example: python -m infra.vault revoke-root --keys /root/openbao-keys

    A new one takes the threshold of shares: bao operator generate-root.

    Exit codes: 0 done, or nothing to do; 1 not done.
    """
    with connected(address, ca_file) as server:
        done = ceremony.revoke_root(server, KeyFiles(keys))
    _say("revoked" if done else f"nothing to do: no token in {keys}")


def _told(seal: Seal) -> str:
    if not seal.initialized:
        return "not initialized"
    if not seal.sealed:
        return "open"
    if seal.opens_itself:
        return "sealed: it should open itself"
    return f"sealed: {seal.progress} of {seal.threshold} shares given"


def _say(text: str) -> None:
    typer.echo(text, err=True)


if __name__ == "__main__":
    sys.exit(command_line.run(app, prog=PROG))
