"""What a supervisor asks of a running program.

SIGTERM and SIGINT: end gracefully, and at once when one comes again. SIGHUP: read the
configuration again.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType


class Signals:
    """What was asked for, set by handlers and read by the main thread."""

    def __init__(self) -> None:
        self.end = False
        self.reload = False
        self._asked = threading.Event()

    def install(self) -> None:
        """Take the signals over from Python. Main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_end)
        signal.signal(signal.SIGHUP, self._on_reload)

    def wait(self) -> None:
        """Until something is asked for."""
        self._asked.wait()
        self._asked.clear()

    def ask_to_end(self) -> None:
        """As SIGTERM does, from within. From any thread."""
        self.end = True
        self._asked.set()

    def _on_end(self, _: int, __: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # the second ends us at once
        self.end = True
        self._asked.set()

    def _on_reload(self, _: int, __: FrameType | None) -> None:
        self.reload = True
        self._asked.set()
