"""What hvac's requests go through: redirects, TLS and silence."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from receiver.adapters.vault_http import VaultHttp, VaultNode
from receiver.adapters.vault_session import VaultSession
from receiver.adapters.vault_token import TokenFile
from receiver.core.causes import Cause, Temporary
from tests.certificates import issue
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.secret_files import SecretFile


class Asked(NamedTuple):
    method: str
    path: str
    token: str | None
    namespace: str | None


class Node(http.server.ThreadingHTTPServer):
    """Answers with ``status`` and where to go, and remembers what it was asked;
    without a status it hangs up."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.address = f"{scheme}://127.0.0.1:{self.server_port}"
        self.asked: list[Asked] = []
        self.status = 200
        self.location = ""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Node

    def answer(self) -> None:
        headers = self.headers
        self.server.asked.append(
            Asked(
                self.command,
                self.path,
                headers["X-Vault-Token"],
                headers["X-Vault-Namespace"],
            )
        )
        if not self.server.status:
            self.close_connection = True
            return
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location + self.path)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_LIST = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:
        """Not to the test's output."""


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def node(ending: ExitStack) -> Callable[..., Node]:
    """Starts one."""

    def start(tls: ssl.SSLContext | None = None) -> Node:
        made = Node(tls)
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        ending.callback(thread.join)
        ending.callback(made.server_close)
        ending.callback(made.shutdown)
        return made

    return start


@pytest.fixture
def http_to(ending: ExitStack, tmp_path: Path) -> Callable[..., VaultHttp]:
    """Requests to an address."""

    def make(address: str, ca_file: Path | None = None) -> VaultHttp:
        token = tmp_path / "token"
        token.write_text("s.token")
        session = VaultSession(ca_file=str(ca_file) if ca_file else None, connections=2)
        node = VaultNode(
            address, session, timeout=10.0, on_request=lambda _operation, _code: None
        )
        made = VaultHttp(node, TokenFile(SecretFile(token)))
        ending.callback(made.close)
        return made

    return make


def test_a_redirect_is_followed_with_method_token_and_namespace(
    node: Callable[..., Node], http_to: Callable[..., VaultHttp]
) -> None:
    """A standby that does not forward sends us to the active node."""
    standby, active = node(), node()
    standby.status, standby.location = 307, active.address

    answer = http_to(standby.address).list("list", "team", "kv/a b", after="x&y")

    wanted = Asked("LIST", "/v1/kv/a%20b?after=x%26y", "s.token", "team")
    assert answer.status == 200
    assert standby.asked == active.asked == [wanted]


def test_a_redirect_in_a_circle_ends(
    node: Callable[..., Node], http_to: Callable[..., VaultHttp]
) -> None:
    """Two standbys that take each other for active are a fault that is retried."""
    circle = node()
    circle.status, circle.location = 307, circle.address

    with pytest.raises(Temporary) as raised:
        http_to(circle.address).get("read", "", "kv/a")

    assert raised.value.cause == Cause.VAULT_UNREACHABLE
    assert len(circle.asked) == 6


def test_a_connection_that_ends_without_an_answer_is_not_tried_again_here(
    node: Callable[..., Node], http_to: Callable[..., VaultHttp]
) -> None:
    """The queue retries, with its own waits; the error names what happened."""
    mute = node()
    mute.status = 0

    with pytest.raises(Temporary, match=r"^read: ProtocolError ") as raised:
        http_to(mute.address).get("read", "", "kv/a")

    assert raised.value.cause == Cause.VAULT_UNREACHABLE
    assert len(mute.asked) == 1


def test_vault_is_asked_over_tls_by_its_own_authority(
    node: Callable[..., Node], http_to: Callable[..., VaultHttp], tmp_path: Path
) -> None:
    """With the file that vault.ca_file names, and not without."""
    certificate, key = issue(tmp_path, "vault")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    vault = node(tls)

    assert http_to(vault.address, certificate).get("read", "", "kv/a").status == 200
    with pytest.raises(Temporary, match=r"^read: SSLError "):
        http_to(vault.address).get("read", "", "kv/a")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unusable_ca_file_is_named_at_the_start(
    http_to: Callable[..., VaultHttp], tmp_path: Path, content: str | None
) -> None:
    """Missing or not PEM: the error says which key, which file and what it must be."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(CommandError, match=r"^vault\.ca_file: .*ca\.pem cannot be"):
        http_to("https://127.0.0.1:1", file)
