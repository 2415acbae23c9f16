"""A receiver over real HTTP that answers what a test has written down.

Shared by the unit and the integration tests of the forwarder. Without a script it
takes everything with 202. What it took can be waited for: no test sleeps.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DEADLINE = 20.0


@dataclass
class Reply:
    """One answer. ``hold``: wait for this before answering; ``drop``: hang up."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hold: threading.Event | None = None
    drop: bool = False


@dataclass
class Post:
    """One request as it came, and the status it was given."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    connection: int

    @property
    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = json.loads(self.body)
        return events


class ScriptedReceiver:
    """Use as a context manager. ``script`` is consumed from the left."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Reply] = deque()
        self.posts: list[Post] = []
        self._changed = threading.Condition()
        self._scheme = "https" if tls else "http"
        self._server = _server(self, port, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> ScriptedReceiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for reply in self.script:
            if reply.hold:
                reply.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/v1/events"

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The events of every batch answered with 202, heartbeats left out."""
        return [
            event
            for post in list(self.posts)
            if post.status == 202
            for event in post.events
            if event["type"] != "vault.audit.heartbeat"
        ]

    def wait(self, until: Callable[[], object], deadline: float = DEADLINE) -> None:
        """Until the condition holds; looked at after every post."""
        with self._changed:
            assert self._changed.wait_for(until, deadline), [
                (post.status, len(post.body)) for post in self.posts
            ]

    def answer(self, handler: BaseHTTPRequestHandler, connection: int) -> Reply:
        length = int(handler.headers["content-length"])
        body = handler.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("killed in the middle of a request")
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._changed:
            reply = self.script.popleft() if self.script else Reply()
            status = 0 if reply.drop else reply.status
            post = Post(handler.path, headers, body, status, connection)
            self.posts.append(post)
            self._changed.notify_all()
        if reply.hold:
            assert reply.hold.wait(DEADLINE)
        return reply


def _server(
    receiver: ScriptedReceiver, port: int, tls: ssl.SSLContext | None
) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # as any real server does
        timeout = 60

        def do_POST(self) -> None:
            reply = receiver.answer(self, id(self.connection))
            if reply.drop:
                self.close_connection = True
                return
            # The client may have been killed meanwhile: some tests do just that.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._reply(reply)

        def _reply(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return _Server(("127.0.0.1", port), Handler, tls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(address, handler)
        self._tls = tls

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Some tests kill the client in the middle of a request.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def get_request(self) -> tuple[socket.socket, object]:
        peer, address = super().get_request()
        if self._tls is None:
            return peer, address
        try:
            return self._tls.wrap_socket(peer, server_side=True), address
        except OSError:
            peer.close()
            raise
