"""Ends this process when its reader hangs: that holds Vault up, a dead reader does not.

A child process waits for a sign through a pipe and sends SIGKILL when none has come for
the time-out; whoever supervises us (systemd, Kubernetes) starts us again. The child is
the standard library alone, ends by itself when we die, and holds none of our sockets.

SIGKILL does not reach process 1 of a container from inside of it: give the container
an init.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog

_CHILD = Path(__file__).with_name("watchdog_child.py")
_MIN_TIMEOUT = 1.0
_END_WITHIN = 5.0

log = structlog.get_logger(__name__)


class Watchdog:
    """``beat`` may come from any thread, and before ``start`` and after ``stop``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # so that no beat goes into a reused descriptor
        self._pipe: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float) -> None:
        """Watch from now on: no beat for ``timeout`` seconds is the end of us.

        The reader beats four times a second. Raises ValueError below one second.
        """
        if timeout < _MIN_TIMEOUT:
            raise ValueError(f"a watchdog needs at least {_MIN_TIMEOUT:g} s")
        if os.getpid() == 1:
            log.warning("a watchdog cannot end process 1: run it under an init")
        reading, writing = os.pipe()
        try:
            os.set_blocking(writing, False)
            self._child = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", os.fspath(_CHILD)),
                    *(str(os.getpid()), str(timeout)),
                ],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # signals to our process group are not for it
                cwd="/",
            )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        self._pipe = writing

    def beat(self) -> None:
        """Show that the reader turns. Never blocks."""
        with self._lock:
            if self._pipe is None:
                return
            # Full: signs enough are waiting. Broken: the child has been killed, and
            # the reader is not to suffer for it.
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._pipe, b".")

    def stop(self) -> None:
        """End the child and wait for it."""
        with self._lock:
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None
        if self._child is None:
            return
        try:
            self._child.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None
