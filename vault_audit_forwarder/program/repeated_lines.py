"""Keeps what is said over and over out of the log.

A loop that fails once a second, in each of several threads, says the same thing every
time. Only the first few of identical warnings and errors within a minute are written;
the next one that is written says how many were held back. Lines of level info are
left alone: each tells of something that was done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

#: Identical lines that are written within WINDOW seconds.
FREE = 5
WINDOW = 60.0

_MOST = 1_000
_OWN_TIME = "timestamp"
#: What a written line says of those before it.
HELD_BACK = "held_back"


@dataclass(slots=True)
class _Said:
    since: float
    written: int = 0
    held_back: int = 0


class RepeatedLines(logging.Filter):
    """For one handler. ``steady`` gives monotonic seconds."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._steady = steady
        self._said: dict[int, _Said] = {}
        self._lock = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.levelno < logging.WARNING:
            return True
        with self._lock:
            said = self._look_up(_words(record))
            if said.written >= FREE:
                said.held_back += 1
                return False
            said.written += 1
            missing, said.held_back = said.held_back, 0
        if missing and isinstance(record.msg, dict):
            record.msg = {**record.msg, HELD_BACK: missing}
        return True

    def _look_up(self, words: int) -> _Said:
        now = self._steady()
        said = self._said.pop(words, None) or _Said(now)
        if now - said.since >= WINDOW:
            said.since, said.written = now, 0
        self._said[words] = said  # to the end: the first is the one heard least lately
        if len(self._said) > _MOST:
            del self._said[next(iter(self._said))]
        return said


def _words(record: logging.LogRecord) -> int:
    """Equal for lines that say the same at different times. A hash: what a line says
    is not kept."""
    said = record.msg
    if not isinstance(said, Mapping):
        return hash((record.name, record.levelno, str(said), str(record.args)))
    fields = [(key, str(said[key])) for key in sorted(said) if key != _OWN_TIME]
    return hash((record.name, record.levelno, *fields))
