"""Following a run until it ends, through short failures of the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from receiver.remote import Refusal, Unreachable
from vault_audit_forwarder.program.errors import CommandError

Document: TypeAlias = dict[str, Any]
Show: TypeAlias = Callable[[Document], None]

ENDED = ("done", "failed")
_BETWEEN_LOOKS = 0.5
#: As many looks in a row may fail: a run goes on while the network does not.
_MOST_MISSES = 20


def follow(look: Callable[[], Document], show: Show) -> Document:
    """Show the run until it ends; returns its last document. Raises CommandError."""
    for run in looks(look, lambda: time.sleep(_BETWEEN_LOOKS)):
        show(run)
    return run


def looks(
    look: Callable[[], Document], pause: Callable[[], None]
) -> Iterator[Document]:
    """Look, pause, look again; the last one is of a run that has ended."""
    misses = 0
    while True:
        try:
            run = look()
        except Unreachable:
            misses += 1
            if misses > _MOST_MISSES:
                raise
        except Refusal as error:
            raise _forgotten(error) from error
        else:
            misses = 0
            yield run
            if run["state"] in ENDED:
                return
        pause()


def _forgotten(error: Refusal) -> CommandError:
    if error.status != 404:
        return error
    return CommandError(
        "the receiver does not know this run any more, so it was restarted: what was "
        "queued goes on, and asking again finds the rest"
    )
