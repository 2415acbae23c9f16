"""What CloudWatch counts in the receiver's log is what the receiver writes there."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Iterator
from pathlib import Path

import structlog

import receiver
from infra.log_lines import EVENTS, LEVELS, counted
from vault_audit_forwarder.program import logs


def events() -> Iterator[str]:
    """The first text of each call of ``log`` in the receiver."""
    for file in Path(str(receiver.__file__)).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("log."):
                texts = [
                    one.value for one in call.args if isinstance(one, ast.Constant)
                ]
                yield from (text for text in texts[:1] if isinstance(text, str))


def test_every_event_that_is_counted_is_written_somewhere() -> None:
    assert set(EVENTS.values()) <= set(events())
    assert set(LEVELS.values()) <= set(logs.LEVELS)


def test_lines_are_json_with_the_fields_that_are_looked_at() -> None:
    stream = io.StringIO()
    logs.configure("info", keys=(), stream=stream)

    structlog.stdlib.get_logger("receiver.test").error("compared")

    line = json.loads(stream.getvalue())
    assert {name for name in {**EVENTS, **LEVELS} if counted(name, line)} == {
        "Comparisons",
        "Errors",
    }
