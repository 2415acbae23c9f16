"""``status`` and ``list``: what is where, and what needs somebody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.commands import person
from receiver.commands.options import RuleName
from receiver.core.state import State
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

if TYPE_CHECKING:
    from receiver.remote import Remote

WELL, NEEDS_YOU = 0, 2
_LARGEST_PAGE = 1000
_BETWEEN_LOOKS = 1.0


def status(as_json: AsJson = False) -> int:
    """Show whether all is well, and what is not.

    Example: vault-replicator status

    Exit codes: 0 well, 2 needs you, 1 cannot tell.
    """
    from receiver.commands.reach import receiver
    from receiver.terminal import status_text

    with receiver() as remote:
        document = remote.status()
    if as_json:
        show(document)
    else:
        person.show_text(status_text.status_text(document, time.time()))
    return WELL if document["verdict"] == status_text.WELL else NEEDS_YOU


def list_secrets(
    state: Annotated[
        State | None, typer.Option("--state", help="Only those in this state.")
    ] = None,
    rule: RuleName = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="At most so many.")
    ] = 200,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on, a line for each change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List secrets and how they stand.

    Example: vault-replicator list --state parked

    Exit codes: 0 listed, 1 error. With --watch it goes on until Ctrl-C: 130.
    """
    from receiver.commands.reach import receiver
    from receiver.terminal.secrets_text import secrets_text

    if watch and as_json:
        raise CommandError("--watch tells changes to a person: leave --json out")
    with receiver() as remote:
        query = {"state": state, "rule": rule}
        if watch:
            _watch(lambda: pages(remote, query, limit)[0])
            return
        items, more = pages(remote, query, limit)
    if as_json:
        show({"format_version": 1, "items": items, "next": more})
    else:
        text = secrets_text(items, state=state, rule=rule, more=more is not None)
        person.show_text(text)


def _watch(look: Callable[[], list[dict[str, Any]]]) -> None:
    """Until somebody interrupts it."""
    from receiver.commands.watching import watched
    from receiver.terminal.secrets_text import change_lines

    def lost(error: CommandError) -> None:
        person.tell(f"{error}\nasking again until it answers")

    for changed, gone in watched(look, lambda: time.sleep(_BETWEEN_LOOKS), lost):
        for line in change_lines(changed, gone, time.time()):
            person.show_text(line)


def pages(
    remote: Remote, query: dict[str, Any], limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The first ``limit`` secrets, page by page, and the cursor of what follows."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        size = min(limit - len(items), _LARGEST_PAGE)
        page = remote.secrets({**query, "after": after, "limit": size})
        items += page["items"]
        after = page["next"]
        if after is None or len(items) >= limit:
            return items, after
