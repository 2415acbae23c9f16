"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from vault_audit_forwarder.program import logs
from vault_audit_forwarder.program.errors import CommandError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A configured log; everything as it was afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    stream = io.StringIO()
    logs.configure("info", keys={"count", "path"}, stream=stream)
    yield stream
    root.handlers[:], level, logging.raiseExceptions = before
    root.setLevel(level)
    logs.configure("info", keys=(), stream=io.StringIO())
    for name in ("vault_audit_forwarder", "receiver"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


LOG = structlog.get_logger("vault_audit_forwarder.test")


def test_an_event_is_one_json_line_in_utc(stream: io.StringIO) -> None:
    """Name, level, logger and time stand beside the listed keys."""
    LOG.info("something happened", count=3, path="/x")
    (line,) = lines(stream)

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "something happened",
        "level": "info",
        "logger": "vault_audit_forwarder.test",
        "count": 3,
        "path": "/x",
    }


def test_keys_that_nobody_named_are_dropped(stream: io.StringIO) -> None:
    """Only the name of the key remains, so that the omission is seen."""
    LOG.info("answer", body="SECRET", count=1)
    (line,) = lines(stream)

    assert line["dropped_keys"] == ["body"]
    assert "SECRET" not in stream.getvalue()


def test_objects_are_named_not_shown(stream: io.StringIO) -> None:
    """A repr could hold anything."""

    class Holder:
        def __repr__(self) -> str:
            return "SECRET"

    LOG.info("one", count=Holder(), path=[Holder(), 1])
    (line,) = lines(stream)

    assert (line["count"], line["path"]) == ("Holder", ["Holder", 1])


def test_foreign_exceptions_lose_their_message(stream: io.StringIO) -> None:
    """The type is enough to look for; the text may quote what was being read."""
    LOG.error("failed", error=ValueError("SECRET"))
    try:
        {}["SECRET"]
    except KeyError:
        LOG.exception("failed")
        logging.getLogger("urllib3").warning("failed", exc_info=True)

    assert [line["error"] for line in lines(stream)] == [
        "ValueError",
        "KeyError",
        "KeyError",
    ]
    assert "SECRET" not in stream.getvalue()


def test_our_own_exceptions_speak(stream: io.StringIO) -> None:
    """Their messages are written to be read."""
    LOG.error("failed", error=CommandError("make one"))

    assert lines(stream)[0]["error"] == "CommandError: make one"


def test_the_level_changes_while_running(stream: io.StringIO) -> None:
    """Loggers that exist already follow."""
    LOG.debug("before")
    logs.set_level("debug")
    LOG.debug("between")
    logs.set_level("error")
    LOG.warning("after")

    assert [line["event"] for line in lines(stream)] == ["between"]


def test_a_failing_loop_is_heard_a_few_times(stream: io.StringIO) -> None:
    """Not once a second."""
    for _ in range(60):
        LOG.error("the disk is full", error=CommandError("no room"))

    assert 0 < len(lines(stream)) < 10


def test_libraries_are_heard_from_warning_on(stream: io.StringIO) -> None:
    """In the same form as our own lines."""
    logging.getLogger("httpx").info("HTTP Request: POST …")
    logging.getLogger("httpx").warning("odd")
    (line,) = lines(stream)

    assert (line["event"], line["logger"]) == ("odd", "httpx")


@pytest.mark.usefixtures("stream")
def test_a_terminal_gets_readable_lines() -> None:
    """No JSON where a person looks."""
    terminal = Terminal()
    logs.configure("info", keys=(), stream=terminal)
    LOG.info("hello")

    assert "hello" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
