"""Says in the log what the reader has to say, on a thread of its own.

Writing a log line can block (a full pipe, a stuck journal), and the reader must not.
When nobody reads the log the queue fills and notices are dropped: every one of them is
also a counter in the metrics.
"""

from __future__ import annotations

import queue
import threading

import structlog

_MAX_WAITING = 1000
_LAST_WORDS_SECONDS = 1.0


class Notices(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="reader-notices", daemon=True)
        self._waiting: queue.SimpleQueue[tuple[str, str, dict[str, object]] | None] = (
            queue.SimpleQueue()
        )

    def say(self, level: str, event: str, **fields: object) -> None:
        """Log ``event`` soon. Never blocks."""
        if self._waiting.qsize() < _MAX_WAITING:
            self._waiting.put((level, event, fields))

    def run(self) -> None:
        log = structlog.get_logger("vault_audit_forwarder.reader")
        while notice := self._waiting.get():
            level, event, fields = notice
            getattr(log, level)(event, **fields)

    def stop(self) -> None:
        """End after what was already said, unless the log does not take it."""
        self._waiting.put(None)
        self.join(_LAST_WORDS_SECONDS)
