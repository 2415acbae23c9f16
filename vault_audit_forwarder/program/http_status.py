"""A small listener for ``GET /metrics`` and ``GET /healthz``, on threads of its own.

For a process whose main work is not HTTP. It answers these two paths and nothing
else, keeps no connection for longer than ten seconds without a request, and asks the
caller's function for health each time.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from vault_audit_forwarder.program.config_types import HostPort
from vault_audit_forwarder.program.errors import CommandError

log = structlog.get_logger(__name__)

_STOP_WITHIN_SECONDS = 0.1

#: (healthy, body); the body says why not.
Health = Callable[[], tuple[bool, Mapping[str, Any]]]


class HttpStatus:
    """The listener. ``address.port`` may be 0: the system chooses, see ``port``."""

    def __init__(
        self, address: HostPort, *, registry: CollectorRegistry, health: Health
    ) -> None:
        """Bind the address. Raises CommandError."""
        handler = partial(_Handler, registry, health)
        try:
            self._server = _server_class(address.host)(address, handler)
        except OSError as error:
            raise CommandError(
                f"cannot listen on {address} ({error.strerror}): choose another "
                "address for metrics, or stop what uses this one"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_STOP_WITHIN_SECONDS,),
            name="http-status",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """The port that is really bound."""
        return int(self._server.socket.getsockname()[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _server_class(host: str) -> type[_Server]:
    return _Server6 if ":" in host else _Server


class _Server(socketserver.ThreadingTCPServer):
    # Not http.server's class: that one asks DNS for its own name at every start.
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Name the error; the standard one prints a traceback with its message."""
        log.warning("a status request failed", exc_info=True)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server_version = "status"
    sys_version = ""

    def __init__(
        self, registry: CollectorRegistry, health: Health, *connection: Any
    ) -> None:
        self._registry = registry
        self._health = health
        super().__init__(*connection)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, content_type, encode(self._registry))
        elif path == "/healthz":
            healthy, body = self._health()
            text = json.dumps(body).encode() + b"\n"
            self._answer(200 if healthy else 503, "application/json", text)
        else:
            self._answer(404, "text/plain", b"try /metrics or /healthz\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes and scrapes are no events."""
