"""What the tests of the sending side share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.forwarder_sending.scripted_receiver import ScriptedReceiver
from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.signing import new_key
from vault_audit_forwarder.spool import Spool


@pytest.fixture
def receiver() -> Iterator[ScriptedReceiver]:
    with ScriptedReceiver() as running:
        yield running


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Opens spools on one file; closes them all."""
    with ExitStack() as closing:

        def opened(max_events: int = 1000, **how: object) -> Spool:
            path = tmp_path / "spool" / "spool.db"
            spool = Spool(path, max_events=max_events, **how)  # type: ignore[arg-type]  # keywords of a test
            closing.callback(spool.close)
            return spool

        yield opened


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "signing.key"
    path.write_text(new_key() + "\n")
    return path


@pytest.fixture
def hint() -> Callable[..., Hint]:
    """A change of ``path`` with further fields of the event."""

    def made(path: str = "data/a", id: str = "id-1", **fields: object) -> Hint:
        change = wire.Change(mount="kv/", path=path, **fields)  # type: ignore[arg-type]  # keywords of a test
        return Hint(change, id, "2026-11-23T10:00:00Z")

    return made
