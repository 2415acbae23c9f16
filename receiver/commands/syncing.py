"""``sync``: replicate one secret now, and wait until a version of it is in AWS."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol

import typer

from receiver.commands.options import Namespace, OwnConfig
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

#: The longest that a receiver lets one request wait, with room for the way.
_LONGEST_REQUEST = 50.0


def sync(
    secret: Annotated[str, typer.Argument(metavar="MOUNT/PATH", show_default=False)],
    config: OwnConfig = None,
    namespace: Namespace = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--version",
            metavar="V",
            min=1,
            help="This version or a newer one, instead of the current one.",
        ),
    ] = None,
    wait: Annotated[
        str | None,
        typer.Option("--wait", metavar="TIME", help="As in 60s: until it is in AWS."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Replicate one secret now.

    Example: vault-replicator sync kv/app/db --version 7 --wait 60s

    Exit codes: 0 that version is in AWS (without --wait: queued), 3 parked
    or its rule is paused, 4 not in time, 1 error.
    """
    from receiver.commands.reach import receiver
    from receiver.terminal.sync_text import sync_text

    seconds = _seconds(wait)
    wanted = {"path": secret, "namespace": namespace, "version": version}
    with receiver(config, working=True) as remote:
        status, answer = bring(remote, wanted, seconds, time.monotonic)
    if as_json:
        show({"format_version": 1, **wanted, **answer})
    else:
        show(sync_text(secret, status, answer))
    return sync_code(status, waited=wait is not None)


class Asked(Protocol):
    """A receiver, as far as this command needs one; :class:`receiver.remote.Remote`."""

    def sync(
        self, secret: Mapping[str, Any], wait: float
    ) -> tuple[int, dict[str, Any]]: ...

    def one(
        self, secret: Mapping[str, Any], wait: float
    ) -> tuple[int, dict[str, Any]]: ...


def bring(
    remote: Asked, wanted: dict[str, Any], wait: float, now: Callable[[], float]
) -> tuple[int, dict[str, Any]]:
    """Ask once, then go on asking until ``wait`` seconds have passed."""
    from receiver.terminal.sync_text import LATE, QUEUED

    deadline = now() + wait
    status, answer = remote.sync(wanted, min(wait, _LONGEST_REQUEST))
    while status in (QUEUED, LATE) and (left := deadline - now()) > 0:
        status, answer = remote.one(wanted, min(left, _LONGEST_REQUEST))
    return status, answer


def sync_code(status: int, *, waited: bool) -> int:
    """The exit code for a status of HTTP."""
    from receiver.terminal.sync_text import PARKED, QUEUED, THERE

    if status == PARKED:
        return 3
    return 0 if status == THERE or (status == QUEUED and not waited) else 4


def _seconds(wait: str | None) -> float:
    from vault_audit_forwarder.program.config_file import parse_duration

    try:
        return parse_duration(wait) if wait else 0.0
    except ValueError as error:
        raise CommandError(f"--wait {error}") from None
