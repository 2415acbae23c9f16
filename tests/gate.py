"""A door in a TCP connection, between our programs and whomever they talk to.

Open it is a plain proxy. Shut it resets everybody, hung it takes connections and says
nothing, and an answer can be cut off after its request was carried out. Requests can
be held back for a time, all at once: a round trip takes so much longer, however many
are under way. Its port stays the same whatever it does and wherever it leads.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)

#: What came in, and when it may go on, in monotonic seconds; b"" is the end.
_Held: TypeAlias = "queue.SimpleQueue[tuple[float, bytes]]"


@dataclass(eq=False)
class _Connection:
    """``heard`` is all that the client has sent, ``answered`` how much of that was
    there when the server last said something."""

    inner: socket.socket
    outer: socket.socket
    heard: bytearray = field(default_factory=bytearray)
    answered: int = 0
    is_over: bool = False


class Gate:
    """Stands before ``target`` (``http://host:port``), at ``endpoint``. Requests are
    held back for ``seconds``."""

    def __init__(self, target: str, *, seconds: float = 0.0) -> None:
        self._target = _address(target)
        self._seconds = seconds
        self._is_open = True
        self._passes = threading.Event()
        self._passes.set()
        self._lock = threading.Lock()
        self._connections: list[_Connection] = []
        self._threads: list[threading.Thread] = []
        self._cut: bytes | None = None
        self._cuts_left = 0
        self.cuts = 0
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

    @property
    def heard(self) -> list[bytearray]:
        """What came in by each connection so far."""
        return [one.heard for one in self._connections]

    def lead_to(self, target: str) -> None:
        """Whoever connects from now on gets there."""
        self._target = _address(target)

    def shut(self) -> None:
        """Reset what flows, and whatever comes from now on."""
        with self._lock:
            self._is_open = False
            self._reset_all()

    def hang(self) -> None:
        """Take everything, pass nothing on, in neither direction."""
        self._passes.clear()

    def open(self) -> None:
        """Let through what comes; what was kept while it hung goes first."""
        self._is_open = True
        self._passes.set()

    def cut_answers(self, to: bytes, *, times: int) -> None:
        """End so many connections on which a request with these bytes has just been
        answered, before the client gets anything of the answer."""
        with self._lock:
            self._cut, self._cuts_left = to, times

    def close(self) -> None:
        """End the gate and its threads."""
        self.shut()
        self._passes.set()
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
            for each in (inner, outer):
                each.settimeout(None)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._is_open:
                    self._serve(_Connection(inner, outer))
                    continue
            _reset(inner)
            _reset(outer)

    def _serve(self, connection: _Connection) -> None:
        self._connections.append(connection)
        if self._seconds:
            held: _Held = queue.SimpleQueue()
            self._spawn(self._hold, connection, held)
            self._spawn(self._let_go, connection, held)
        else:
            self._spawn(self._pass_on, connection)
        self._spawn(self._answer, connection)

    def _pass_on(self, connection: _Connection) -> None:
        while data := self._received(connection.inner):
            connection.heard += data
            _send(connection.outer, data)
        self._end(connection)

    def _hold(self, connection: _Connection, held: _Held) -> None:
        data = b"begin"
        while data:
            data = self._received(connection.inner)
            connection.heard += data
            held.put((time.monotonic() + self._seconds, data))

    def _let_go(self, connection: _Connection, held: _Held) -> None:
        data = b"begin"
        while data:
            due, data = held.get()
            time.sleep(max(0.0, due - time.monotonic()))
            _send(connection.outer, data)
        self._end(connection)

    def _answer(self, connection: _Connection) -> None:
        while data := self._received(connection.outer):
            if self._is_to_be_cut(connection):
                break
            _send(connection.inner, data)
        self._end(connection)

    def _is_to_be_cut(self, connection: _Connection) -> bool:
        begin, connection.answered = connection.answered, len(connection.heard)
        with self._lock:
            if not self._cuts_left or self._cut is None:
                return False
            if connection.heard.find(self._cut, begin) < 0:
                return False
            self._cuts_left -= 1
            self.cuts += 1
            return True

    def _received(self, source: socket.socket) -> bytes:
        """Empty when the connection has ended, by whatever means."""
        try:
            data = source.recv(_CHUNK)
        except OSError:
            data = b""
        self._passes.wait()
        return data

    def _end(self, connection: _Connection) -> None:
        """Either way the exchange is over: both ends learn it."""
        with self._lock:
            for each in (connection.inner, connection.outer):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                if connection.is_over:  # the other direction has left it, too
                    each.close()
            connection.is_over = True

    def _reset_all(self) -> None:
        """Wake the threads, which close what they hold."""
        for connection in self._connections:
            for each in (connection.inner, connection.outer):
                with contextlib.suppress(OSError):
                    _linger_no_more(each)
                    each.shutdown(socket.SHUT_RDWR)

    def _spawn(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


def _address(target: str) -> tuple[str, int]:
    host, _, port = target.removeprefix("http://").partition(":")
    return host, int(port)


def _send(sink: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # its reader learns that it has ended
        sink.sendall(data)


def _linger_no_more(connection: socket.socket) -> None:
    """What ends it from now on is a reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _reset(connection: socket.socket) -> None:
    _linger_no_more(connection)
    connection.close()
