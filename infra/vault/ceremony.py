"""What is done to a fresh server, in an order that loses no key. Safe to repeat."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.vault.key_files import KeyFiles
from infra.vault.server import AnswerLost, Refused, Seal, Server
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.secret_files import read_secret_file

_ENDINGS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def initialize(server: Server, keys: KeyFiles, *, shares: int, threshold: int) -> bool:
    """Whether there was anything to do. A server that has keys is asked for nothing."""
    seal = server.seal()
    if seal.initialized:
        keys.check(recovery=seal.opens_itself, threshold=seal.threshold)
        return False
    reserved = keys.reserved(recovery=seal.opens_itself, shares=shares)
    with reserved as files, _undivided():
        try:
            birth = server.initialize(seal, shares=shares, threshold=threshold)
        except AnswerLost as error:
            raise CommandError(
                f"{error}: if its status says that it is initialized, its keys are "
                "lost; empty its storage and start anew"
            ) from error
        files.fill([*birth.shares, birth.root_token])
    return True


def unseal(server: Server, files: Sequence[Path]) -> Seal:
    """Give shares until it is open or there are no more; what came of it."""
    seal = server.seal()
    if not seal.initialized:
        raise CommandError("the server is not initialized: init comes first")
    if seal.sealed and seal.opens_itself:
        raise CommandError(
            "the server opens itself, and has not: its log says why it cannot get its "
            "seal's key; recovery shares do not open it"
        )
    for file in files:
        if not seal.sealed:
            break
        seal = _give(server, file)
    return seal


def revoke_root(server: Server, keys: KeyFiles) -> bool:
    """Whether there was a token. Its file goes once the server has ended it."""
    if not keys.root_token.exists():
        return False
    try:
        server.revoke(read_secret_file(keys.root_token))
    except Refused as refused:
        if refused.status != 403:
            raise
        raise CommandError(
            f"the server does not know the token in {keys.root_token}: it was revoked "
            "already, or belongs to another server; then remove the file yourself"
        ) from refused
    keys.root_token.unlink()
    return True


def _give(server: Server, file: Path) -> Seal:
    try:
        return server.unseal(read_secret_file(file))
    except Refused as refused:
        if refused.status != 400:
            raise
        raise CommandError(
            f"the server does not open with {file} and the shares before it: one of "
            "them is damaged or another server's; it has forgotten them all"
        ) from refused


@contextmanager
def _undivided() -> Iterator[None]:
    """An ending that is asked for meanwhile comes after it, with the keys on disk."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
