"""TLS to the receiver: its certificate is checked, and ours is shown when asked."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.certificates import issue
from tests.unit.forwarder_sending.scripted_receiver import ScriptedReceiver
from vault_audit_forwarder.delivery import Answer
from vault_audit_forwarder.settings import Receiver
from vault_audit_forwarder.signing import new_key, parse_key
from vault_audit_forwarder.webhook import Webhook

pytestmark = pytest.mark.integration


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return issue(tmp_path, "client")


@pytest.fixture
def secured(tmp_path: Path, pair: tuple[Path, Path]) -> Iterator[ScriptedReceiver]:
    """A receiver that wants the client's certificate."""
    certificate, key = issue(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Up to 1.2 a missing certificate fails the handshake, later the first read.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pair[0])
    with ScriptedReceiver(tls=context) as running:
        yield running


def post(receiver: ScriptedReceiver, **files: object) -> Answer:
    settings = Receiver.model_validate(
        {"url": receiver.url, "signing_key_file": "unused", **files}
    )
    key = parse_key(new_key())
    with ExitStack() as closing:
        webhook = Webhook(settings, lambda: [key])
        closing.callback(webhook.close)
        return webhook.post([])


def test_both_sides_know_each_other(
    secured: ScriptedReceiver, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """The batch arrives."""
    answer = post(
        secured,
        ca_file=tmp_path / "server.pem",
        client_cert_file=pair[0],
        client_key_file=pair[1],
    )

    assert answer == Answer(202)
    assert len(secured.posts) == 1


def test_a_receiver_nobody_vouches_for_gets_nothing(
    secured: ScriptedReceiver, pair: tuple[Path, Path]
) -> None:
    """Without its CA the connection ends before a byte of the batch."""
    answer = post(secured, client_cert_file=pair[0], client_key_file=pair[1])

    assert answer.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in answer.problem
    assert secured.posts == []


def test_without_our_certificate_the_receiver_refuses(
    secured: ScriptedReceiver, tmp_path: Path
) -> None:
    """That is an answer like any other."""
    answer = post(secured, ca_file=tmp_path / "server.pem")

    assert answer.status is None
    assert secured.posts == []
