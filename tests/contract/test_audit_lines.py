"""A hundred lines that OpenBao 2.7.2 wrote, and the hints that must come of them.

``openbao-2.7.2.jsonl`` is a recording: KV v2 put, patch, failed CAS, delete, undelete,
destroy, metadata, rollback, expiry, KV v1, mounts, a remount, a namespace, odd names, a
denied wrapped write. ``openbao-2.7.2.hints.jsonl`` names the line of every hint; all
other lines, the requests among them, make none.
"""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from vault_audit_forwarder import audit, wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.interpreter import Interpreter
from vault_audit_forwarder.listener import bind_unix
from vault_audit_forwarder.reader import Reader

GOLDEN = Path(__file__).parent / "golden"
LINES = (GOLDEN / "openbao-2.7.2.jsonl").read_bytes().splitlines()
HINTS: dict[int, dict[str, Any]] = {
    hint.pop("line"): hint
    for hint in map(
        json.loads, (GOLDEN / "openbao-2.7.2.hints.jsonl").read_text().splitlines()
    )
}


def as_golden(hint: Hint) -> dict[str, Any]:
    event = wire.make_event(
        hint.data, source="vault", forwarder="here", id=hint.id, time=hint.time
    )
    fields = msgspec.to_builtins(event)
    return {name: fields[name] for name in ("type", "id", "time", "data")}


@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_each_line_makes_its_hint_or_none(number: int) -> None:
    """Line by line, on its own."""
    line = LINES[number - 1]

    hint = Interpreter().interpret(line, 0) if audit.may_matter(line) else None

    assert (as_golden(hint) if hint else None) == HINTS.get(number)


def test_the_stream_makes_exactly_these_hints_through_a_socket(tmp_path: Path) -> None:
    """The same in one stream, in order; every request in it is answered."""
    handoff = Handoff()
    listener = bind_unix(tmp_path / "audit.sock")
    reader = Reader([listener], handoff)
    with capture_logs(), socket.socket(socket.AF_UNIX) as peer:
        peer.connect(listener.getsockname())
        reader.start()
        for line in LINES:
            peer.sendall(line + b"\n")
        reader.stop()

    hints = [
        as_golden(hint)
        for hint in handoff.take(0)
        if not isinstance(hint.data, wire.Gap)
    ]
    assert hints == list(HINTS.values())
    assert reader.stats.entries == len(LINES)
    assert reader.stats.last_entry_time() == json.loads(LINES[-1])["time"]
    assert not any(reader.stats.faults.values())


def test_no_hash_ever_travels() -> None:
    """An HMAC is of a secret, so it is not sent, not even one of an empty string."""
    interpreter = Interpreter()
    hints = (interpreter.interpret(line, 0) for line in LINES if audit.may_matter(line))
    sent = "".join(json.dumps(as_golden(hint)) for hint in hints if hint)

    assert "hmac" not in sent
    assert not re.search(r"[0-9a-f]{64}", sent)


def test_every_event_is_one_that_the_receiver_takes() -> None:
    """What is sent passes the check at the other end."""
    interpreter = Interpreter()
    for line in filter(audit.may_matter, LINES):
        if hint := interpreter.interpret(line, 0):
            event = wire.make_event(
                hint.data, source="vault", forwarder="here", id=hint.id, time=hint.time
            )
            assert wire.decode_event(wire.encode(event)) == event
