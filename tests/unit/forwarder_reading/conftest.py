"""A real reader on real sockets, and a way to wait for what it finds."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.typing import EventDict

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.listener import bind_tcp, bind_unix
from vault_audit_forwarder.reader import Reader

DEADLINE = 20.0


class Listening:
    """A running reader; everything that it opens is closed by :meth:`close`."""

    def __init__(self, listener: socket.socket, handoff: Handoff, **options: Any):
        self._family = listener.family
        self.address = listener.getsockname()
        self._peers = contextlib.ExitStack()
        self._turned = threading.Event()
        self._free = threading.Event()
        self._free.set()
        self.beats = 0
        self.handoff = handoff
        self.seen: list[Hint] = []
        self.reader = Reader([listener], handoff, beat=self._beat, **options)
        self.stats = self.reader.stats
        self.reader.start()

    def _beat(self) -> None:
        self.beats += 1
        self._turned.set()
        self._free.wait(DEADLINE)

    def hold(self) -> None:
        """Keep the reader where it is until :meth:`let_go`."""
        self._free.clear()
        seen = self.beats
        self.wait_until(lambda: self.beats > seen)

    def let_go(self) -> None:
        self._free.set()

    def peer(self) -> socket.socket:
        return self._peers.enter_context(
            socket.socket(self._family, socket.SOCK_STREAM)
        )

    def connect(self, peer: socket.socket | None = None) -> socket.socket:
        peer = peer or self.peer()
        peer.connect(self.address)  # blocking: with a time-out, a full backlog fails
        peer.settimeout(DEADLINE)
        return peer

    def wait_for(self, wanted: Callable[[Hint], bool]) -> Hint:
        """The first hint that is ``wanted``, seen before or still to come."""
        deadline = time.monotonic() + DEADLINE
        looked = 0
        while True:
            for hint in self.seen[looked:]:
                if wanted(hint):
                    return hint
            looked = len(self.seen)
            left = deadline - time.monotonic()
            assert left > 0, f"did not come; seen: {self.seen}"
            self.seen += self.handoff.take(left)

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Look again after each turn of the reader."""
        deadline = time.monotonic() + DEADLINE
        while not true():
            assert time.monotonic() < deadline, "did not come true"
            self._turned.clear()
            self._turned.wait(1)

    def close(self) -> None:
        self._peers.close()
        self.let_go()
        self.reader.stop(DEADLINE)
        assert not self.reader.is_alive()


def is_gap(reason: str) -> Callable[[Hint], bool]:
    return lambda hint: isinstance(hint.data, wire.Gap) and hint.data.reason == reason


def has_id(id: str) -> Callable[[Hint], bool]:
    return lambda hint: hint.id == id


Listen = Callable[..., Listening]


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """What is logged while the test runs."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def listen(tmp_path: Path, logged: list[EventDict]) -> Iterator[Listen]:
    """Start a reader on a Unix socket, or with ``tcp=True`` on a free port."""
    with contextlib.ExitStack() as stack:

        def start(
            *, tcp: bool = False, handoff: Handoff | None = None, **options: Any
        ) -> Listening:
            listener = (
                bind_tcp("127.0.0.1", 0) if tcp else bind_unix(tmp_path / "audit.sock")
            )
            listening = Listening(
                listener, Handoff() if handoff is None else handoff, **options
            )
            stack.callback(listening.close)
            return listening

        yield start
