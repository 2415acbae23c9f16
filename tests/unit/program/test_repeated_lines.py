"""A loop that fails says so a few times a minute."""

from __future__ import annotations

import io
import logging

import pytest

from vault_audit_forwarder.program.repeated_lines import (
    FREE,
    HELD_BACK,
    WINDOW,
    RepeatedLines,
)


class Log:
    """A logger of its own with the filter, and what came through it."""

    def __init__(self) -> None:
        self.time = 0.0
        self.stream = io.StringIO()
        handler = logging.StreamHandler(self.stream)
        handler.addFilter(RepeatedLines(lambda: self.time))
        self._logger = logging.Logger("test")
        self._logger.addHandler(handler)

    def say(self, level: int = logging.ERROR, **fields: object) -> None:
        self._logger.log(level, {"timestamp": str(self.time), **fields})

    def say_text(self, text: str, *args: object) -> None:
        self._logger.warning(text, *args)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_loop_does_not_flood(log: Log) -> None:
    """A failure each second for a minute is a few lines, whatever their times."""
    for second in range(int(WINDOW)):
        log.time = second
        log.say(event="the disk is full")

    assert len(log.lines) == FREE


def test_what_was_held_back_is_counted(log: Log) -> None:
    """The first line of the next minute says how many are missing, and the one after
    it nothing."""
    for _ in range(100):
        log.say(event="the disk is full")
    log.time = WINDOW
    log.say(event="the disk is full")
    log.say(event="the disk is full")

    assert f"'{HELD_BACK}': {100 - FREE}" in log.lines[FREE]
    assert HELD_BACK not in log.lines[FREE + 1]


def test_what_differs_is_written(log: Log) -> None:
    """Ten thousand secrets that fail are ten thousand lines."""
    for number in range(10_000):
        log.say(event="not replicated", ref=f"kv/{number}")

    assert len(log.lines) == 10_000


def test_what_was_done_is_written(log: Log) -> None:
    """However often: a line of level info is no complaint."""
    for _ in range(100):
        log.say(logging.INFO, event="replicated")

    assert len(log.lines) == 100


def test_libraries_are_held_back_too(log: Log) -> None:
    """Their lines are a text and its arguments."""
    for _ in range(100):
        log.say_text("no connection to %s", "there")
        log.say_text("no connection to %s", "elsewhere")

    assert len(log.lines) == 2 * FREE
