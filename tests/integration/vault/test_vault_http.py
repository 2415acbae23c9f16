"""What stands between us and Vault may answer, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from receiver.adapters.vault_http import VaultHttp
from receiver.core.causes import Cause, Temporary


class Token:
    """Always the same."""

    def token(self) -> str:
        return "a-token"

    def renewed(self, refused: str) -> bool:
        return False


class BadGateway(BaseHTTPRequestHandler):
    """A load balancer's page, in the encoding of its country."""

    def do_GET(self) -> None:
        self.send_response(502)
        self.end_headers()
        self.wfile.write("Schlüssel geändert".encode("latin-1"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), BadGateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_that_is_no_utf_8_is_a_vault_out_of_reach(address: str) -> None:
    """Tried again, and nothing of the page is in the error."""
    http = VaultHttp(
        address,
        Token(),
        ca_file=None,
        timeout=5.0,
        connections=1,
        on_request=lambda *_: None,
    )
    with closing(http), pytest.raises(Temporary) as caught:
        http.get("read", "", "kv/data/a")

    assert caught.value.cause is Cause.VAULT_UNREACHABLE
    assert "502" in caught.value.detail
    assert "Schl" not in repr(caught.value)
    assert caught.value.__cause__ is None
