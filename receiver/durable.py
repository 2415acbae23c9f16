"""What outlives the process, opened together: one file with all that is kept in it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import structlog

from receiver.adapters import journal_sql, pauses_sqlite, plans_sqlite, queue_sql
from receiver.adapters.aws_clients import CALL_TIMEOUT
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.pauses_sqlite import SqlitePauses
from receiver.adapters.plans_sqlite import SqlitePlans
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import StateInUse, open_state
from receiver.adapters.state_format import StateUnusable
from receiver.core.causes import Cause
from receiver.pauses import Pauses
from receiver.ports import JournalUnavailable, QueueUnavailable
from vault_audit_forwarder.program.errors import CommandError

log = structlog.stdlib.get_logger(__name__)

SCHEMAS = tuple(
    table.SCHEMA for table in (queue_sql, journal_sql, plans_sqlite, pauses_sqlite)
)


class Durable:
    """``state`` is the file; ``queue``, ``journal``, ``plans`` and ``pauses`` are in
    it. ``set_aside`` is where an unreadable file was put that was found instead."""

    def __init__(self, path: Path, undo: ExitStack) -> None:
        """``undo`` closes the file. Raises CommandError."""
        try:
            state = open_state(path, *SCHEMAS)
        except StateInUse as error:
            raise CommandError(
                f"{error}: a receiver runs on it; ask that one, with "
                "VAULT_REPLICATOR_ADDR and VAULT_REPLICATOR_TOKEN"
            ) from error
        except StateUnusable as error:
            raise CommandError(str(error)) from error
        undo.callback(state.close)
        self.state, self.set_aside = state, state.set_aside
        try:
            self.queue = SqliteQueue(state)
            self.journal = SqliteJournal(state)
            self.plans = SqlitePlans(state, time.time)
            self.pauses = Pauses(
                SqlitePauses(state),
                let_go=lambda: self.queue.hasten((Cause.PAUSED,)),
                longest_write=CALL_TIMEOUT,
                now=time.time,
                steady=time.monotonic,
            )
        except (QueueUnavailable, JournalUnavailable) as error:
            raise CommandError(f"{path}: {error}") from error
        if state.set_aside:
            log.error("the state was unreadable; begun afresh", path=str(state.path))
