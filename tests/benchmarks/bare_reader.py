"""``python -m tests.benchmarks.bare_reader ADDRESS``: receives, and does nothing else.

The yardstick for a forwarder. ADDRESS is ``/path/to.sock`` or ``host:port``.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
from pathlib import Path

from receiver.demo.child import Child

_RECEIVE_BYTES = 256 * 1024  # as the forwarder


class BareReader:
    """The process."""

    def __init__(self, directory: Path, address: str) -> None:
        self._child = Child(
            "bare reader",
            [sys.executable, "-m", __name__, address],
            log=directory / "bare-reader.log",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    def start(self) -> None:
        """Start it and wait until it listens. Raises StartError."""
        log = self._child.log
        log.write_bytes(b"")
        self._child.start()
        self._child.wait_ready(lambda: log.stat().st_size > 0)

    def stop(self) -> None:
        self._child.stop(patience=5.0)


def main(address: str) -> None:
    """Read whatever connects, until ended."""
    listener = _listener(address)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    room = bytearray(_RECEIVE_BYTES)
    while True:
        for key, _ in selector.select():
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            if sock is listener:
                selector.register(listener.accept()[0], selectors.EVENT_READ)
            elif not sock.recv_into(room):
                selector.unregister(sock)
                sock.close()


def _listener(address: str) -> socket.socket:
    if address.startswith("/"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(1)
        return listener
    host, _, port = address.partition(":")
    return socket.create_server((host, int(port)))


if __name__ == "__main__":
    main(sys.argv[1])
