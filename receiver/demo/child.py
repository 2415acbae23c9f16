"""A child process that is ready when it says so and never outlives its parent.

Each child leads a process group of its own, so that Ctrl-C reaches the parent alone
and the order of the end is ours. On Linux the kernel kills the child when the parent
dies by whatever means; elsewhere only an orderly end takes it along. What a child
prints goes to its log file, and the environment is built, not inherited: no profile,
token, Region or proxy of the person at the keyboard reaches it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_FOREIGN = ("AWS_", "BAO_", "BOTO_", "VAULT_")
_PROXIES = {"all_proxy", "http_proxy", "https_proxy"}

# Asks the kernel for SIGKILL at the parent's death (PR_SET_PDEATHSIG is 1), then
# becomes the real program under the same process id.
_TETHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class StartError(Exception):
    """A part did not come up. The message names it and ends with its last words."""


def isolated(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without anybody's AWS, Vault and proxy settings."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(_FOREIGN) and name.lower() not in _PROXIES
    }


_given: set[int] = set()


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on, and that was not
    given out before: whoever has it may not have bound it yet.

    It lies below the range of outgoing connections: a port out of that range can be
    taken by any client while its server restarts, even by one that calls it.
    """
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret, just a port
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port


class Child:
    """One program: started, signalled, stopped, started again with the same words."""

    def __init__(
        self, name: str, argv: Sequence[str], *, log: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        self._argv = [str(word) for word in argv]
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                _tethered(self._argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self.log.parent,
                process_group=0,
            )

    def wait_ready(self, ready: Callable[[], bool], *, seconds: float = 30.0) -> None:
        """Wait until ``ready`` says so. Raises StartError, with the child stopped."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise StartError(f"{self.name} ended at its start: {self.last_words()}")
            if time.monotonic() > deadline:
                self.stop(patience=1.0)
                raise StartError(
                    f"{self.name} gave no answer within {seconds:.0f} s: "
                    f"{self.last_words()}"
                )
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """Send one signal to the program itself, not to its children."""
        self._running().send_signal(number)

    def wait(self, *, seconds: float) -> int:
        """Its exit code; negative when a signal ended it. Raises TimeoutExpired."""
        return self._running().wait(timeout=seconds)

    def kill(self) -> None:
        """``kill -9``, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self.wait(seconds=10.0)

    def stop(self, *, patience: float = 10.0) -> int | None:
        """SIGTERM, after ``patience`` seconds SIGKILL to its group. The exit code."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # a stopped one hears nothing
            try:
                self._process.wait(timeout=patience)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        return self._process.returncode

    def last_words(self) -> str:
        """The last lines of the log, for an error message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "it said nothing"

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process


def _tethered(argv: Sequence[str]) -> list[str]:
    if sys.platform != "linux":
        return list(argv)
    tether = [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid())]
    return [*tether, *argv]
