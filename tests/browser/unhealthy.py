"""A receiver on a very bad day: Vault is away, thousands of secrets stand still, and
what people named their secrets is meant to break a page.

All of it is put into the state file before the receiver starts. It compares nothing by
itself then, so all stays as it is until somebody orders something.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from receiver.adapters import journal_sql, plans_sqlite, queue_sql
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import open_state
from receiver.core.causes import Cause
from receiver.core.state import Entry, Hint, Lane, SecretRef, State
from receiver.demo.child import free_port
from receiver.demo.emulator import REGION
from receiver.demo.programs import (
    VAULT_TOKEN,
    Keys,
    Program,
    receiver_program,
    replicator_document,
    write_secret,
)
from receiver.ports import Deed

MOUNT, RULE = "platform", "platform"
PARKED, CONFLICTS, HELD, IN_SYNC = 2_400, 130, 64, 900
HOSTILE = (
    "team/<script>alert(1)</script>",
    "team/\"><img src=x onerror=alert(1)>' onfocus=alert(1) x",
    "team/{{ 7 * 7 }}{% raw %}&amp;&lt;",
    "team/\u202egnp.exe\u202c/\u0430pple/\U0001f511",
    "team/" + "a-very-long-name-without-a-place-to-break" * 8,
)
_DENIED = (
    "PutSecretValue: AccessDeniedException: kms:GenerateDataKey on "
    "arn:aws:kms:eu-central-1:123456789012:key/8d2c6f1e"
)


def unhealthy_receiver(directory: Path) -> tuple[Program, Keys]:
    """Seeded, not yet started."""
    keys = Keys()
    keys.write(directory)
    write_secret(directory / VAULT_TOKEN, "no-token")
    write_secret(directory / "reader.token", f"read-{keys.admin_token}")
    port = free_port()
    nowhere = f"http://127.0.0.1:{free_port()}"
    document = replicator_document(
        port=port,
        source="vault-prod",
        vault=nowhere,
        aws=nowhere,
        rules=[{"name": RULE, "mount": MOUNT}, {"name": "legacy", "mount": "legacy"}],
    )
    document["reconcile"] = {"interval": "never", "at_start": False}
    reader = {"name": "auditor", "scope": "read", "token_file": "reader.token"}
    document["admin"]["tokens"].append(reader)
    seed(directory / "state" / "state.db", time.time())
    return receiver_program(directory, document, port=port), keys


def seed(path: Path, now: float) -> None:
    """Fill the state file."""
    schemas = (queue_sql.SCHEMA, journal_sql.SCHEMA, plans_sqlite.SCHEMA)
    with closing(open_state(path, *schemas)) as state:
        journal, queue = SqliteJournal(state), SqliteQueue(state)
        for entry in _entries(now):
            journal.record(entry, expected=None)
            if entry.state in (State.PARKED, State.CONFLICT):
                _park(queue, entry)
        for what, about in (
            ("retry", '{"cause":"KMS_DENIED"}'),
            ("adopt", '{"mount":"platform","path":"shared/0001"}'),
        ):
            journal.add_deed(Deed(at=now - 3600, by="oncall", what=what, about=about))
        journal.add_gap(["**"], "reconnect", None)
        queue.close()


def _park(queue: SqliteQueue, entry: Entry) -> None:
    queue.add([Hint(ref=entry.ref)])
    work = queue.take(list(Lane), lease=60, timeout=0)
    assert work is not None
    queue.park(work, cause=entry.cause or "", detail=entry.detail)


def _entries(now: float) -> Iterator[Entry]:
    hostile = (
        _entry(path, now, State.PARKED, Cause.VALUE_TOO_LARGE, detail=path)
        for path in HOSTILE
    )
    yield from hostile
    for number in range(PARKED):
        path = f"service-{number % 40:02}/credential-{number:04}"
        yield _entry(path, now - number, State.PARKED, Cause.KMS_DENIED, detail=_DENIED)
    for number in range(CONFLICTS):
        detail = "a secret of this name exists in AWS and is not ours"
        cause = Cause.CONFLICT_FOREIGN
        yield _entry(
            f"shared/{number:04}", now, State.CONFLICT, cause, detail=detail, arn=None
        )
    for number in range(HELD):
        detail = f"{HELD} deletes of {IN_SYNC} within the hour (limit 50)"
        yield _entry(
            f"gone/{number:03}", now, State.HELD, Cause.BRAKE, detail=detail, version=7
        )
    for number in range(IN_SYNC):
        yield _entry(f"app-{number:03}/db", now, State.IN_SYNC, None)
    yield _entry("old/one", now, State.ORPHANED, Cause.NO_RULE, rule="removed")
    yield _entry("edited/by-hand", now, State.DRIFTED, Cause.DRIFTED)
    yield _entry("deleted", now, State.DELETING, None)


def _entry(
    path: str, at: float, state: State, cause: Cause | None, **more: Any
) -> Entry:
    name = f"{MOUNT}/{path}".encode("ascii", "replace").decode()[:512]
    given: dict[str, Any] = {
        "rule": RULE,
        "arn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{name}-AbCdEf",
        "version": 3,
        "created_time": "2026-11-23T10:03:29.512345Z",
        "version_id": "v3-" + "a2" * 26,
        "applied_at": at - 7200,
        "checked_at": at - 600,
        "lag": 0.21,
    } | more
    return Entry(
        ref=SecretRef("", MOUNT, path),
        region=REGION,
        name=name,
        state=state,
        cause=cause,
        **given,
    )
