"""``vault-audit-forwarder run`` as a real process, with its log as events."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

DEADLINE = 30.0


class ForwarderProcess:
    """Starts at once; ``wait_for`` follows its log. Ended by ``kill`` at the latest."""

    def __init__(self, config: Path, **env: str) -> None:
        self.directory = config.parent
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vault_audit_forwarder", "run", "--config", config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", **env},
            cwd=Path(__file__).parents[3],
        )
        self._follower = threading.Thread(target=self._follow)
        self._follower.start()

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def pid(self) -> int:
        return self._process.pid

    def started(self) -> ForwarderProcess:
        """Wait until it listens."""
        self.wait_for("forwarder started")
        return self

    def wait_for(self, event: str, *, times: int = 1) -> None:
        """Until the log has said ``event`` so many times."""

        def said() -> bool:
            return [line["event"] for line in self.log].count(event) >= times

        with self._said:
            assert self._said.wait_for(said, DEADLINE), self.lines

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of the status listener."""
        (started,) = [x for x in self.log if x["event"] == "forwarder started"]
        url = f"http://127.0.0.1:{started['port']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def feed(self, *lines: bytes) -> None:
        """Write audit lines as Vault does, and hang up."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.directory / "audit.sock"))
            for line in lines:
                peer.sendall(line + b"\n")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """The exit code, once it has ended by itself."""
        code = self._process.wait(DEADLINE)
        self._close()
        return code

    def terminate(self) -> int:
        self.signal(signal.SIGTERM)
        return self.end()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(DEADLINE)
        self._close()

    def _follow(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            with self._said:
                self.lines.append(line.rstrip("\n"))
                self._said.notify_all()

    def _close(self) -> None:
        # A watchdog child may hold the pipe a moment longer than its parent.
        self._follower.join(DEADLINE)
        assert self._process.stderr
        self._process.stderr.close()
