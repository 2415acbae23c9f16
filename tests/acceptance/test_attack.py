"""Strangers who shout at the receiver: the honest are served, and they are refused."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.scene import Scene, metric, wait_until
from vault_audit_forwarder import signing, wire

MIB = 1024 * 1024


@pytest.fixture
def living(disturbed: Scene) -> Scene:
    """A scene in which ``app/db`` is in AWS and nothing is under way."""
    disturbed.arrives("app/db", disturbed.put("app/db", round="0"))
    disturbed.settles()
    return disturbed


def resident_bytes(scene: Scene) -> int:
    """The receiver's memory."""
    status = Path(f"/proc/{scene.receiver.child.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def connect(scene: Scene) -> socket.socket:
    host, _, port = scene.receiver.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has hung up, with or without an answer."""
    connection.settimeout(0)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def assert_honest_changes_arrive(scene: Scene, *, rounds: int = 3) -> None:
    """The version then in AWS is the one that was written, each time."""
    for number in range(rounds):
        scene.arrives("app/db", scene.put("app/db", round=str(number)))


class Forgers:
    """Clients that post as fast as they are refused, until told to end."""

    def __init__(self, scene: Scene, bodies: list[tuple[str, bytes]]) -> None:
        self._scene = scene
        self._bodies = bodies
        self._end = threading.Event()
        self.answers: Counter[int] = Counter()

    @contextmanager
    def shouting(self) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._shout, args=body) for body in self._bodies
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._end.set()
            for thread in threads:
                thread.join(60)

    def _shout(self, kind: str, body: bytes) -> None:
        headers = self._scene.signed(body, key=signing.new_key())
        headers["Content-Type"] = kind
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._end.is_set():
                answer = client.post(
                    f"{self._scene.receiver.address}/v1/events",
                    content=body,
                    headers=headers,
                )
                self.answers[answer.status_code] += 1


def test_forgers_are_refused_and_the_honest_are_not(living: Scene) -> None:
    """Forged events and batches of a thousand come without a pause; every one is 401,
    each honest change arrives, and nothing forged is ever read."""
    event = living.change_event("never/written", operation="delete")
    batch = wire.encode_batch([event] * wire.MAX_EVENTS)
    refused = metric(living.receiver, "vault_replicator_webhook_rejected_total") or 0
    bodies = [(wire.EVENT_JSON, event)] * 2 + [(wire.BATCH_JSON, batch)]
    forgers = Forgers(living, bodies)

    with forgers.shouting():
        assert_honest_changes_arrive(living)
        wait_until(lambda: forgers.answers.total() >= 200, "200 forged requests")

    assert set(forgers.answers) == {401}
    counted = metric(living.receiver, "vault_replicator_webhook_rejected_total") or 0
    assert counted - refused >= forgers.answers.total()
    assert living.listed("never/written") is None
    living.settles()


def test_half_sent_heads_leave_room_for_others(living: Scene) -> None:
    """A thousand connections with half a head: the honest path works meanwhile, and
    the receiver hangs up on those that have waited longest."""
    with ExitStack() as open_ones:
        silent = []
        for number in range(1000):
            connection = open_ones.enter_context(connect(living))
            connection.sendall(b"POST /v1/events HTTP/1.1\r\nhost: r\r\nx-half: ")
            silent.append(connection)
            if number % 100 == 99:
                time.sleep(0.25)  # an attack lasts; it is not all in one instant

        assert_honest_changes_arrive(living, rounds=2)
        assert sum(map(is_closed, silent[:300])) >= 100

    living.settles()


def test_half_sent_bodies_leave_room_and_memory(living: Scene) -> None:
    """Three hundred requests that each lack the last byte of a megabyte: the honest
    path works, and memory is that of what may be read at once, not of what came."""
    before = resident_bytes(living)
    head = (
        "POST /v1/events HTTP/1.1\r\nhost: r\r\nwebhook-id: m\r\n"
        f"content-type: {wire.BATCH_JSON}\r\nwebhook-timestamp: {int(time.time())}\r\n"
        f"webhook-signature: v1,AAAA\r\ncontent-length: {MIB}\r\n\r\n"
    ).encode()
    with ExitStack() as open_ones:
        slow = []
        for _ in range(300):
            connection = open_ones.enter_context(connect(living))
            connection.sendall(head + b" " * (MIB - 1))
            slow.append(connection)

        assert_honest_changes_arrive(living, rounds=2)
        assert resident_bytes(living) - before < 160 * MIB
        wait_until(lambda: sum(map(is_closed, slow)) >= 200, "most are closed")

    living.settles()


def test_monstrous_bodies_are_refused(living: Scene) -> None:
    """Truly signed, but too large, too many or too deep: said so, and life goes on."""
    event = living.change_event("app/db", operation="update")
    nested = event[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    unclosed = b"[" * (MIB - 1)
    many = wire.encode_batch([b"{}"] * (wire.MAX_EVENTS + 1))
    for body, kind, status in (
        (b" " * (MIB + 1), wire.BATCH_JSON, 413),
        (many, wire.BATCH_JSON, 413),
        (nested, wire.EVENT_JSON, 422),
        (unclosed, wire.BATCH_JSON, 422),
        (b"[" * 500_000 + b"]" * 500_000, wire.BATCH_JSON, 422),
    ):
        answer = living.post_event(body, living.signed(body) | {"Content-Type": kind})
        assert answer.status_code == status
        assert set(json.loads(answer.text)) <= {"error", "index", "field"}

    assert_honest_changes_arrive(living, rounds=1)


def test_a_reader_s_glob_stops_nobody(living: Scene) -> None:
    """A plan about a glob of five hundred wildcards is made like any other."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        token = living.installation.keys.admin_token
        for glob in ("*a" * 500, "**/" * 300 + "x", "*a" * 20_000):
            answer = client.post(
                f"{living.receiver.address}/v1/plan",
                json={"path": glob},
                headers={"Authorization": f"Bearer {token}"},
            )
            assert answer.status_code in (200, 422)

    assert_honest_changes_arrive(living, rounds=1)
