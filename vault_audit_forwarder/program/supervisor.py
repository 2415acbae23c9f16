"""Tells systemd how we are: started, reading the configuration again, ending, alive.

The protocol is one datagram per message to the socket that ``NOTIFY_SOCKET`` names.
Without that variable nobody asked, and every call does nothing. A supervisor that is
away is its own trouble: telling it never fails, and a sign of life never waits.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Mapping

_PATIENCE_SECONDS = 1.0
_MICROSECOND = 1e-6
_SIGNS_PER_TIMEOUT = 4


class Supervisor:
    """``beat`` is for the thread that must not hang, the rest for the main thread."""

    def __init__(
        self, env: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` gives seconds, of the kind that never jumps."""
        self._address = _address(env.get("NOTIFY_SOCKET", ""))
        timeout = int(env.get("WATCHDOG_USEC", "0")) * _MICROSECOND
        self._interval = timeout / _SIGNS_PER_TIMEOUT
        self._clock = clock
        self._next_beat = clock()

    def ready(self) -> None:
        """Everything listens, or listens again after ``reloading``."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; ``ready`` ends it."""
        now = int(self._clock() / _MICROSECOND)
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """From here on it takes at most as long as the unit allows."""
        self._tell("STOPPING=1")

    def beat(self) -> None:
        """A sign of life, four in each time-out of the watchdog at most."""
        if not self._interval or (now := self._clock()) < self._next_beat:
            return
        self._next_beat = now + self._interval
        self._tell("WATCHDOG=1", patience=0.0)

    def _tell(self, message: str, *, patience: float = _PATIENCE_SECONDS) -> None:
        if not self._address:
            return
        # Nobody there, or no room for one more: neither may end or hold up us.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending,
        ):
            sending.settimeout(patience)
            sending.sendto(message.encode(), self._address)


def _address(named: str) -> str:
    """A leading ``@`` stands for the abstract namespace."""
    return "\0" + named[1:] if named.startswith("@") else named
