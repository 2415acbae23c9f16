"""What is posted, how it is signed, and what comes back as an answer."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from tests.unit.forwarder_sending.scripted_receiver import Reply, ScriptedReceiver
from vault_audit_forwarder import __version__, signing
from vault_audit_forwarder.delivery import Answer
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.settings import Receiver
from vault_audit_forwarder.signing import Key, new_key, parse_key
from vault_audit_forwarder.webhook import Webhook

pytestmark = pytest.mark.integration

KEYS = [new_key(), new_key()]


def settings(url: str, **files: object) -> Receiver:
    return Receiver.model_validate({"url": url, "signing_key_file": "unused", **files})


@pytest.fixture
def connect() -> Iterator[Callable[..., Webhook]]:
    """Makes webhooks to a URL; closes them all."""
    with ExitStack() as closing:

        def connected(url: str, keys: list[str] = KEYS, **files: object) -> Webhook:
            parsed = [parse_key(key) for key in keys]
            webhook = Webhook(settings(url, **files), lambda: parsed)
            closing.callback(webhook.close)
            return webhook

        yield connected


def test_the_reference_library_verifies_with_every_key(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver
) -> None:
    """During a rotation the receiver may know either."""
    answer = connect(receiver.url).post([b'{"a":1}', b'{"b":2}'])
    (post,) = receiver.posts

    assert answer == Answer(202)
    for key in KEYS:
        assert Oracle(key).verify(post.body, post.headers) == [{"a": 1}, {"b": 2}]


def test_a_batch_is_a_batch_even_of_one_or_none(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver
) -> None:
    """The content type never changes, and says who sends."""
    webhook = connect(receiver.url)
    for events in ([], [b"{}"], [b"{}", b"{}"]):
        webhook.post(events)

    assert [post.body for post in receiver.posts] == [b"[]", b"[{}]", b"[{},{}]"]
    for post in receiver.posts:
        assert post.path == "/v1/events"
        assert post.headers["content-type"] == "application/cloudevents-batch+json"
        assert post.headers["user-agent"] == f"vault-audit-forwarder/{__version__}"
    ids = {post.headers["webhook-id"] for post in receiver.posts}
    assert len(ids) == 3
    assert not any("." in one for one in ids)


def test_the_connection_stays_open(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver
) -> None:
    """A second event does not pay for a handshake."""
    webhook = connect(receiver.url)
    for _ in range(3):
        webhook.post([b"{}"])

    assert len({post.connection for post in receiver.posts}) == 1


def test_keys_are_asked_for_at_every_post(receiver: ScriptedReceiver) -> None:
    """A rotated key signs the next batch."""
    current: list[Key] = [parse_key(KEYS[0])]
    webhook = Webhook(settings(receiver.url), lambda: current)
    webhook.post([])
    current[:] = [parse_key(KEYS[1])]
    webhook.post([])
    webhook.close()

    for key, post in zip(KEYS, receiver.posts, strict=True):
        assert Oracle(key).verify(post.body, post.headers) == []


@pytest.mark.parametrize("status", [301, 307, 308])
def test_redirects_are_not_followed(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver, status: int
) -> None:
    """What is signed for one place is not carried to another."""
    receiver.script.append(Reply(status, {"location": receiver.url}))

    assert connect(receiver.url).post([]).status == status
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    ("body", "index"),
    [
        (b'{"error": "x", "index": 2, "field": "data.path"}', 2),
        (b'{"error": "x", "index": null}', None),
        (b'{"error": "x"}', None),
        (b'{"index": "2"}', None),
        (b'{"index": 2.5}', None),
        (b'{"index": true}', None),
        (b"[2]", None),
        (b"<html>", None),
        (b"\xff", None),
        (b"", None),
        (b'{"index": 2, "x": "' + b"x" * 100_000 + b'"}', None),
    ],
)
def test_the_index_of_a_422_is_read_with_care(
    connect: Callable[..., Webhook],
    receiver: ScriptedReceiver,
    body: bytes,
    index: int | None,
) -> None:
    """Whatever a proxy answers, it is a number or nothing."""
    receiver.script.append(Reply(422, body=body))

    assert connect(receiver.url).post([]) == Answer(422, index=index)


def test_other_answers_are_not_read(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver
) -> None:
    """An index means something with a 422 alone; Retry-After comes along as it is."""
    reply = Reply(503, {"retry-after": "7"}, b'{"index": 0}')
    receiver.script.append(reply)

    assert connect(receiver.url).post([]) == Answer(503, retry_after="7")


def test_nobody_there_is_an_answer_too(connect: Callable[..., Webhook]) -> None:
    """A refused connection is named."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    answer = connect(f"http://127.0.0.1:{port}/").post([])

    assert answer.status is None
    assert answer.problem.startswith("ConnectError: ")


def test_a_peer_that_hangs_up_is_an_answer_too(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver
) -> None:
    """And the next post opens a new connection."""
    receiver.script.append(Reply(drop=True))
    webhook = connect(receiver.url)

    assert webhook.post([]) == Answer(None, problem="RemoteProtocolError")
    assert webhook.post([]).status == 202


def test_the_words_of_a_peer_are_not_repeated(connect: Callable[..., Webhook]) -> None:
    """A service that is no HTTP could say anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"SECRET SECRET SECRET\r\n\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        answer = connect(f"http://127.0.0.1:{listener.getsockname()[1]}/").post([])
        thread.join()

    assert answer == Answer(None, problem="RemoteProtocolError")


def test_the_environment_does_not_redirect_us(
    connect: Callable[..., Webhook],
    receiver: ScriptedReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a proxy nor a .netrc of the host has a say."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")

    assert connect(receiver.url).post([]).status == 202


def test_tls_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """Before anything is sent."""
    broken = tmp_path / "ca.pem"
    broken.write_text("SECRET")
    for file in (broken, tmp_path / "missing.pem"):
        with pytest.raises(CommandError) as caught:
            Webhook(settings("https://a.example/", ca_file=file), list)
        assert str(file) in str(caught.value)
        assert "SECRET" not in str(caught.value)


def test_renewing_keeps_what_is_under_way(
    connect: Callable[..., Webhook], receiver: ScriptedReceiver
) -> None:
    """Twice in a row, and posts go on between."""
    webhook = connect(receiver.url)
    for key in KEYS:
        webhook.renew(settings(receiver.url), lambda key=key: [parse_key(key)])
        webhook.post([])

    for key, post in zip(KEYS, receiver.posts, strict=True):
        assert Oracle(key).verify(post.body, post.headers) == []


def test_the_specification_s_own_vector() -> None:
    """Key, id, time and body with a known signature."""
    key = signing.parse_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signing.sign(
        [key],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SECRET",
        "whsec_",
        "whsec_SECRET!",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_what_is_no_key_is_refused_unseen(text: str) -> None:
    """Too short is no key either, and no message repeats it."""
    with pytest.raises(signing.InvalidKey) as caught:
        signing.parse_key(text)

    assert "SECRET" not in str(caught.value)
