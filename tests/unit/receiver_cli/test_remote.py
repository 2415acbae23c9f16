"""What is said when a receiver does not answer, or not as it should."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from receiver.remote import from_environment
from tests.certificates import issue
from tests.unit.receiver_cli.conftest import Command, Receiver, run
from vault_audit_forwarder.program.errors import CommandError

TOKEN = "canary-token"


def failure(address: str, **more: str) -> str:
    """What ``status`` at this address fails with."""
    env = {"VAULT_REPLICATOR_ADDR": address, "VAULT_REPLICATOR_TOKEN": TOKEN, **more}
    with pytest.raises(CommandError) as raised, from_environment(env) as remote:
        remote.status()
    assert TOKEN not in str(raised.value)
    return str(raised.value)


class Answer(BaseHTTPRequestHandler):
    """Gives everybody the same answer."""

    def __init__(
        self, status: int, headers: dict[str, str], body: bytes, *connection: Any
    ) -> None:
        self._status, self._headers, self._body = status, headers, body
        super().__init__(*connection)

    def do_GET(self) -> None:
        self.send_response(self._status)
        for name, value in self._headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self._body)))
        self.end_headers()
        self.wfile.write(self._body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


Answering = Callable[..., str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server with one answer for all; gives its address."""
    servers = []

    def start(
        status: int,
        body: bytes = b"",
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> str:
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(Answer, status, headers, body)
        )
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # no noise
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append((server, thread))
        scheme = "http" if tls is None else "https"
        return f"{scheme}://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join(30)
        server.server_close()


@pytest.mark.parametrize("missing", ["VAULT_REPLICATOR_ADDR", "VAULT_REPLICATOR_TOKEN"])
def test_what_is_missing_is_named(
    missing: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 1, and how to set it; stdout stays empty."""
    monkeypatch.setenv("VAULT_REPLICATOR_ADDR", "http://127.0.0.1:1")
    monkeypatch.setenv("VAULT_REPLICATOR_TOKEN", TOKEN)
    monkeypatch.setenv(missing, "")

    assert run("status") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"\n  why    {missing} is not set\n  do     " in said.err
    assert TOKEN not in said.err


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("VAULT_REPLICATOR_ADDR", "replicator:8443", "must be a URL"),
        ("VAULT_REPLICATOR_ADDR", "https://me:pw@host", "no user or password"),
        ("VAULT_REPLICATOR_TOKEN", "a\nb", "a header cannot carry"),
        ("VAULT_REPLICATOR_TOKEN", "ä", "a header cannot carry"),
        ("VAULT_REPLICATOR_CACERT", "/no/such/file", "No such file"),
        ("VAULT_REPLICATOR_CACERT", __file__, "must be PEM"),
    ],
)
def test_unusable_settings(name: str, value: str, says: str) -> None:
    """Named, and not repeated where they are secret."""
    env = {
        "VAULT_REPLICATOR_ADDR": "https://127.0.0.1:1",
        "VAULT_REPLICATOR_TOKEN": TOKEN,
        name: value,
    }
    with pytest.raises(CommandError) as raised, from_environment(env):
        pass

    assert str(raised.value).startswith(f"{name}: ")
    assert says in str(raised.value)
    assert "pw" not in str(raised.value)


@pytest.mark.integration
class TestNoAnswer:
    def test_refused(self) -> None:
        """Nothing listens."""
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{bound.getsockname()[1]}"

            assert failure(address) == (
                "the receiver cannot be reached\n"
                f"  where  {address}\n"
                "  why    connection refused: nothing listens there\n"
                "  do     start the receiver, or correct the address and its port"
            )

    def test_an_unknown_host(self) -> None:
        """Names under .invalid never resolve."""
        assert "  why    the host name is not known: " in failure("http://x.invalid")

    def test_a_certificate_that_nobody_vouches_for(
        self, tmp_path: Path, answering: Answering
    ) -> None:
        """The variable that helps is named, and does help."""
        certificate, key = issue(tmp_path, "receiver")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        address = answering(401, b'{"error": "no"}', tls=context)

        text = failure(address)
        assert "  why    its certificate is not trusted: self-signed" in text
        assert "  do     set VAULT_REPLICATOR_CACERT to the file" in text
        trusted = failure(address, VAULT_REPLICATOR_CACERT=str(certificate))
        assert trusted.startswith("the receiver answers 401\n")

    def test_https_to_a_plain_port(self, answering: Answering) -> None:
        """And the hint goes both ways."""
        address = answering(200).replace("http:", "https:")

        assert "http:// or https://" in failure(address)

    def test_a_peer_that_speaks_something_else(self) -> None:
        """What it said is not repeated."""
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def greet() -> None:
                with listening.accept()[0] as connection:
                    connection.sendall(b"220 mail.canary ESMTP\r\n")

            thread = threading.Thread(target=greet)
            thread.start()
            text = failure(f"http://127.0.0.1:{listening.getsockname()[1]}")
            thread.join(30)

        assert text.startswith("the receiver cannot be reached\n")
        assert "canary" not in text


@pytest.mark.integration
class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "do"),
        [
            (
                401,
                "set VAULT_REPLICATOR_TOKEN to a token that admin.tokens names there",
            ),
            (403, "use a token whose scope includes it: read, sync, admin"),
            (404, "check what was asked for, and that the receiver is as new"),
            (409, "ask anew; for a plan: vault-replicator plan"),
            (422, "correct it; --help says what is possible"),
            (500, "look at the receiver's log, and please report it"),
            (503, "ask again in a few seconds; if it stays so, look at the"),
        ],
    )
    def test_its_own_words_and_what_to_do(
        self, answering: Answering, status: int, do: str
    ) -> None:
        """What, where, why, do."""
        address = answering(status, b'{"error": "says why", "field": "rule"}')

        assert failure(address).startswith(
            f"the receiver answers {status}\n"
            f"  where  GET {address}/v1/status\n"
            "  why    rule: says why\n"
            f"  do     {do}"
        )

    def test_a_remedy_of_the_receivers_goes_first(self, answering: Answering) -> None:
        """It knows more than the status says."""
        body = {
            "error": "it is sealed",
            "cause": "VAULT_SEALED",
            "who": "Vault admin",
            "do": "unseal Vault",
        }

        text = failure(answering(503, json.dumps(body).encode()))

        assert text.endswith(
            "  why    it is sealed [VAULT_SEALED]\n  do     Vault admin: unseal Vault"
        )

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, b"<html>canary</html>"),
            (200, b"[]"),
            (502, b"<html>canary</html>"),
            (502, b'{"error": {"canary": 1}}'),
            (200, b"\xff\xfe\x00"),
        ],
    )
    def test_an_answer_that_is_none_of_a_receivers(
        self, answering: Answering, status: int, body: bytes
    ) -> None:
        """A proxy's, mostly; its text is not repeated."""
        text = failure(answering(status, body))

        assert "  why    the answer is none of a receiver's\n" in text
        assert "canary" not in text

    def test_a_redirect_is_not_followed(self, answering: Answering) -> None:
        """The token would go where nobody said."""
        text = failure(answering(307, b"", Location="http://127.0.0.1:1/"))

        assert "  why    it redirects elsewhere" in text

    def test_another_format(self, answering: Answering) -> None:
        """A receiver of tomorrow is not misread."""
        text = failure(answering(200, b'{"format_version": 2}'))

        assert "answers in another format" in text

    def test_control_characters_do_not_reach_the_terminal(
        self, answering: Answering
    ) -> None:
        """Nor texts without end."""
        body = json.dumps({"error": "\x1b[2J" + "x" * 1000}).encode()
        text = failure(answering(422, body))

        assert "\\x1b[2J" in text
        assert len(text) < 800


@pytest.mark.integration
class TestTheRealOne:
    @pytest.mark.parametrize(
        ("token", "argv", "says"),
        [
            ("wrong", ["status"], "a known bearer token is needed"),
            ("read-token", ["adopt", "--all", "--yes"], "a token of scope admin"),
            ("sync-token", ["reconcile"], "a token of scope admin"),
            ("admin-token", ["reconcile", "--if-plan", "abc"], "there is no such plan"),
            ("admin-token", ["plan", "--rule", "none"], "rule: is no rule"),
            ("admin-token", ["sync", "kv/tmp/x"], "no rule replicates this secret"),
            ("admin-token", ["sync", "other/x"], "cannot be told which part"),
        ],
    )
    def test_refusals(
        self,
        command: Command,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        token: str,
        argv: list[str],
        says: str,
    ) -> None:
        """Exit code 1, the receiver's words on stderr, nothing on stdout."""
        monkeypatch.setenv("VAULT_REPLICATOR_TOKEN", token)

        assert command(*argv) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert says in said.err
        assert token not in said.err.replace("a token of scope", "")

    def test_a_queue_that_takes_nothing(
        self,
        receiver: Receiver,
        command: Command,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """503 is told as something that may pass."""
        receiver.world.queue.close()

        assert command("sync", "kv/app/db") == 1
        assert "  do     ask again in a few seconds" in capsys.readouterr().err
