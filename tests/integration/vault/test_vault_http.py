"""What stands between us and Vault may answer, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from receiver.adapters.vault_http import VaultHttp, VaultNode
from receiver.adapters.vault_session import VaultSession
from receiver.adapters.vault_token import TokenFile
from receiver.core.causes import Cause, Temporary
from vault_audit_forwarder.program.secret_files import SecretFile


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


def test_a_page_that_is_no_utf_8_is_a_vault_out_of_reach(
    address: str, tmp_path: Path
) -> None:
    """Tried again, and nothing of the page is in the error."""
    (tmp_path / "token").write_text("a-token")
    node = VaultNode(
        address,
        VaultSession(ca_file=None, connections=1),
        timeout=5.0,
        on_request=lambda *_: None,
    )
    http = VaultHttp(node, TokenFile(SecretFile(tmp_path / "token")))
    with closing(http), pytest.raises(Temporary) as caught:
        http.get("read", "", "kv/data/a")

    assert caught.value.cause is Cause.VAULT_UNREACHABLE
    assert "502" in caught.value.detail
    assert "Schl" not in repr(caught.value)
    assert caught.value.__cause__ is None
