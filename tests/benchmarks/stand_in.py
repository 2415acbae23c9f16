"""``python -m tests.benchmarks.stand_in PORT STATUS``: a receiver that only answers.

The real one would read Vault and write AWS on the cores whose work is measured.
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from receiver.demo.child import Child


class StandIn:
    """The process, at ``address``; whatever is posted is answered with ``status``."""

    def __init__(self, directory: Path, port: int, *, status: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._child = Child(
            "stand-in",
            [sys.executable, "-m", __name__, str(port), str(status)],
            log=directory / "stand-in.log",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    def start(self) -> None:
        """Start it and wait until it answers. Raises StartError."""
        self._child.start()
        self._child.wait_ready(self._answers)

    def stop(self) -> None:
        self._child.stop(patience=5.0)

    def _answers(self) -> bool:
        try:
            return httpx.get(self.address, trust_env=False).is_success
        except httpx.TransportError:
            return False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one send an answer, else the second waits for the first's ACK
    status = 202

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.status)

    def log_message(self, format: str, *args: object) -> None:
        """Not a word."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def main(port: str, status: str) -> None:
    """Answer until ended."""
    _Handler.status = int(status)
    ThreadingHTTPServer(("127.0.0.1", int(port)), _Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
