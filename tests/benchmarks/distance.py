"""A way to a server that is longer than loopback, by a time that is known.

Each request is held back for ``seconds`` and each answer passed on at once, so a
round trip takes so much longer, however many are under way. Connecting is not held
back: whoever keeps connections connects once.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

_CHUNK = 65_536


class Distance:
    """Stands before ``target`` (``http://host:port``), at ``endpoint``."""

    def __init__(self, target: str, seconds: float) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._seconds = seconds
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every connection and thread."""
        with contextlib.suppress(OSError):  # already gone on some systems
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for each in self._sockets:
                _end(each)
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            outer = socket.create_connection(self._target)
            for each in (inner, outer):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {inner, outer}
            held: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            self._spawn(self._hold, inner, held)
            self._spawn(self._let_go, held, outer)
            self._spawn(self._pass_on, outer, inner)

    def _hold(
        self, inner: socket.socket, held: queue.SimpleQueue[tuple[float, bytes]]
    ) -> None:
        data = b"begin"
        while data:
            data = _received(inner)
            held.put((time.monotonic() + self._seconds, data))

    def _let_go(
        self, held: queue.SimpleQueue[tuple[float, bytes]], outer: socket.socket
    ) -> None:
        while True:
            due, data = held.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                _end(outer)  # which ends the way back too
                return
            with contextlib.suppress(OSError):
                outer.sendall(data)

    def _pass_on(self, outer: socket.socket, inner: socket.socket) -> None:
        while data := _received(outer):
            with contextlib.suppress(OSError):
                inner.sendall(data)
        with self._lock:
            self._sockets -= {inner, outer}
            for each in (inner, outer):
                _end(each)
                each.close()

    def _spawn(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


def _received(connection: socket.socket) -> bytes:
    """Empty when the connection has ended, by whatever means."""
    try:
        return connection.recv(_CHUNK)
    except OSError:
        return b""


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
