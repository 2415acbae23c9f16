"""One log for our own events and those of libraries, to stderr.

JSON lines, or readable ones on a terminal; times in UTC. Only keys that were named
in advance are written, and only plain values: a forgotten ``log.info("x", answer=…)``
costs a key, not a secret. Of an exception the type is written, and its message only
when the exception is one of ours, whose messages are written with that in mind. What
fails again and again is said a few times a minute.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from vault_audit_forwarder.program.repeated_lines import HELD_BACK, RepeatedLines

LEVELS = ("debug", "info", "warning", "error")

_OURS = ("vault_audit_forwarder", "receiver")
_ALWAYS = {"event", "level", "logger", "timestamp", "error", "dropped_keys", HELD_BACK}
_PLAIN = (str, int, float, bool, type(None))


def configure(
    level: str, *, keys: Collection[str], stream: TextIO | None = None
) -> None:
    """Set logging up for this process. ``keys`` may appear in log lines.

    ``level`` is one of LEVELS and holds for our own loggers; libraries are heard
    from warning on.
    """
    stream = sys.stderr if stream is None else stream
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(keys, terminal=stream.isatty()))
    handler.addFilter(RepeatedLines())
    logging.raiseExceptions = False  # a broken log must not print what it could not
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    set_level(level)


def set_level(level: str) -> None:
    """Change the level of our own loggers in the running process."""
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())


def _shared() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(keys: Collection[str], *, terminal: bool) -> logging.Formatter:
    renderer: Processor = structlog.processors.JSONRenderer()
    if terminal:
        renderer = structlog.dev.ConsoleRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            name_exception,
            AllowList(keys),
            renderer,
        ],
    )


def name_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put ``error`` in the place of exception objects and of ``exc_info``."""
    raised: Any = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event.setdefault("error", raised)
    if isinstance(error := event.get("error"), BaseException):
        event["error"] = describe(error)
    return event


def describe(error: BaseException) -> str:
    """The name of an error, with its message if it is one of our own."""
    name = type(error).__name__
    ours = type(error).__module__.partition(".")[0] in _OURS
    return f"{name}: {error}" if ours else name


class AllowList:
    """Drops the keys nobody named, and values that are more than text or numbers."""

    def __init__(self, keys: Collection[str]) -> None:
        self._keys = _ALWAYS.union(keys)

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Keep what is listed; say which keys were not."""
        kept = {k: _plain(v) for k, v in event.items() if k in self._keys}
        if dropped := sorted(set(event) - set(kept)):
            kept["dropped_keys"] = dropped
        return kept


def _plain(value: object) -> object:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    return type(value).__name__
