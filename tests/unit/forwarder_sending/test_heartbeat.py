"""The sign of life."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence

import pytest

from vault_audit_forwarder import wire
from vault_audit_forwarder.delivery import Answer
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.heartbeat import HeartbeatSender
from vault_audit_forwarder.origin import Origin
from vault_audit_forwarder.spool_file import SpoolError


class Receiver:
    """Remembers batches and answers ``status``; ``arrived`` counts them."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.batches: list[list[dict[str, object]]] = []
        self.arrived = threading.Semaphore(0)

    def post(self, events: Sequence[bytes]) -> Answer:
        self.batches.append([json.loads(event) for event in events])
        self.arrived.release()
        return Answer(self.status)


def sender(receiver: Receiver, stats: DeliveryStats, **how: object) -> HeartbeatSender:
    settings = {"observe": lambda: wire.Heartbeat(entries=7), "interval": 0.01, **how}
    origin = Origin(source="vault-prod", forwarder="vault-1")
    return HeartbeatSender(receiver, origin, stats, **settings)  # type: ignore[arg-type]  # keywords of a test


def test_the_first_goes_at_once_and_more_follow() -> None:
    """Each by itself, with what was seen and an id of its own."""
    receiver = Receiver()
    heartbeat = sender(receiver, DeliveryStats())
    heartbeat.start()
    for _ in range(3):
        assert receiver.arrived.acquire(timeout=20)
    heartbeat.stop(20)

    (first,), (second,) = receiver.batches[:2]
    assert first["type"] == "vault.audit.heartbeat"
    assert first["source"] == "vault://vault-prod"
    assert first["data"]["entries"] == 7  # type: ignore[index]  # JSON
    assert str(first["time"]).endswith("Z")
    assert first["id"] != second["id"]


def test_a_refusal_shows_in_the_health_of_deliveries() -> None:
    """A quiet Vault has no other delivery that could fail."""
    receiver, stats = Receiver(401), DeliveryStats()
    heartbeat = sender(receiver, stats)
    heartbeat.start()
    for _ in range(2):
        assert receiver.arrived.acquire(timeout=20)
    (why,) = stats.failing_for(0)
    assert why.startswith("401: ")

    receiver.status = 202
    for _ in range(3):
        assert receiver.arrived.acquire(timeout=20)
    heartbeat.stop(20)
    assert stats.failing_for(0) == []
    assert set(stats.results.values()) == {0}


def test_a_broken_spool_does_not_end_it() -> None:
    """It says what it can, when it can."""
    receiver, failures = Receiver(), [SpoolError("SQLITE_IOERR")]

    def observe() -> wire.Heartbeat:
        if failures:
            raise failures.pop()
        return wire.Heartbeat()

    heartbeat = sender(receiver, DeliveryStats(), observe=observe)
    heartbeat.start()
    assert receiver.arrived.acquire(timeout=20)
    heartbeat.stop(20)


def test_one_that_failed_is_tried_again_before_the_next_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A receiver that has just started must not wait half a minute."""
    monkeypatch.setattr("vault_audit_forwarder.heartbeat._FIRST_RETRY_SECONDS", 0.01)
    receiver = Receiver(503)
    heartbeat = sender(receiver, DeliveryStats(), interval=3600.0)
    heartbeat.start()
    for _ in range(3):
        assert receiver.arrived.acquire(timeout=20)
    heartbeat.stop(20)
