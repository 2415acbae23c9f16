"""The application behind the real server: what only bytes on a socket can do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from tests.unit.receiver_web.conftest import KEY, World, event
from vault_audit_forwarder import signing, wire

pytestmark = pytest.mark.integration

BODY = json.dumps([event()]).encode()


@pytest.fixture
def address(world: World) -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(
        world.app, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join(30)
    listening.close()


def head(world: World, body: bytes, *more: str) -> bytes:
    signed = signing.sign(
        [KEY], message_id="m", timestamp=int(world.clock.now()), body=body
    )
    lines = ["POST /v1/events HTTP/1.1", "host: receiver", "connection: close"]
    lines += [f"{name}: {value}" for name, value in signed.items()]
    lines += [f"content-type: {wire.BATCH_JSON}", *more, "", ""]
    return "\r\n".join(lines).encode()


def talk(address: tuple[str, int], *sent: bytes, end: bool = False) -> bytes:
    """Send, then read until the other side closes."""
    with socket.create_connection(address, timeout=30) as connection:
        for part in sent:
            connection.sendall(part)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_webhook(world: World, address: tuple[str, int]) -> None:
    """A signed webhook over a socket is taken."""
    answer = talk(address, head(world, BODY, f"content-length: {len(BODY)}"), BODY)

    assert status(answer) == 202
    assert len(world.queue.hints) == 1


def test_chunks(world: World, address: tuple[str, int]) -> None:
    """So is one in chunks."""
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:], b"")
    )
    answer = talk(address, head(world, BODY, "transfer-encoding: chunked"), chunks)

    assert status(answer) == 202


def test_endless_chunks(world: World, address: tuple[str, int]) -> None:
    """A body that never ends is refused as soon as it is too large."""
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    more = head(world, BODY, "transfer-encoding: chunked") + chunk * 17

    assert status(talk(address, more)) == 413


def test_a_length_that_lies(world: World, address: tuple[str, int]) -> None:
    """Who announces more than is sent is answered after the time-out, or hangs up;
    neither gets anything in."""
    longer = head(world, BODY, f"content-length: {len(BODY) + 5}")

    assert status(talk(address, longer, BODY)) == 408
    talk(address, longer, BODY, end=True)
    assert world.queue.hints == []


def test_two_of_each_header(world: World, address: tuple[str, int]) -> None:
    """Headers that come twice are never a fault of ours."""
    more = [f"{signing.SIGNATURE}: v1,AAAA", f"content-length: {len(BODY)}"]
    answer = talk(address, head(world, BODY, *more, "content-type: x/y"), BODY)

    assert status(answer) in (202, 401, 415)


@pytest.mark.parametrize(
    "line", [b"webhook-id: \xff\xfe\x80", b"content-length: -1", b"content-length: 1e9"]
)
def test_odd_headers(world: World, address: tuple[str, int], line: bytes) -> None:
    """Bytes that belong in no header are refused."""
    request = b"POST /v1/events HTTP/1.1\r\nhost: r\r\nconnection: close\r\n"
    answer = talk(address, request + line + b"\r\n\r\n")

    assert 400 <= status(answer) < 500
    assert world.queue.hints == []
