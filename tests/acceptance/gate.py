"""A door in a TCP connection: open it is a plain proxy, shut it resets everybody.

``heard`` is what came in by each connection, for tests about what is sent where.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

_RESET = struct.pack("ii", 1, 0)


class Gate:
    """Stands before ``target`` (``http://host:port``); its port stays while shut."""

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._open = True
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.heard: list[bytearray] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._spawn(self._accept)

    def shut(self) -> None:
        """Reset what flows, and whatever comes from now on."""
        with self._lock:
            self._open = False
            self._reset_all()

    def open(self) -> None:
        self._open = True

    def close(self) -> None:
        """End the gate and its threads."""
        self.shut()
        with contextlib.suppress(OSError):  # already gone on some systems
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            try:
                outer = socket.create_connection(self._target, timeout=5)
            except OSError:
                _reset(inner)
                continue
            outer.settimeout(None)
            with self._lock:
                if not self._open:
                    _reset(inner)
                    _reset(outer)
                    continue
                self._sockets |= {inner, outer}
            heard = bytearray()
            self.heard.append(heard)
            self._spawn(self._pump, inner, outer, heard)
            self._spawn(self._pump, outer, inner, bytearray())

    def _pump(
        self, source: socket.socket, sink: socket.socket, heard: bytearray
    ) -> None:
        try:
            while data := source.recv(65_536):
                heard += data
                sink.sendall(data)
        except OSError:
            pass
        # Either way the exchange is over: both ends learn it.
        with self._lock:
            for each in (source, sink):
                self._sockets.discard(each)
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _reset_all(self) -> None:
        """Wake the pumps, which close what they hold."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.shutdown(socket.SHUT_RDWR)

    def _spawn(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()
