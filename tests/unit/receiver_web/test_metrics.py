"""The receiver's metrics: complete from the start, and free of paths."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from receiver.core.causes import Cause
from receiver.core.comparison.differences import Kind
from receiver.core.state import Hint, SecretRef, State
from receiver.metrics import REASONS
from receiver.stages import Stage
from tests.unit.receiver_web.conftest import World

AT_ZERO: list[tuple[str, dict[str, str]]] = [
    ("lag_seconds_count", {}),
    ("lag_seconds_bucket", {"le": "1.0"}),
    *(("stage_duration_seconds_count", {"stage": stage}) for stage in Stage),
    ("actions_total", {"action": "create", "result": "ok"}),
    ("actions_total", {"action": "none", "result": "parked"}),
    ("secrets", {"rule": "hybrid", "state": "in_sync"}),
    ("secrets", {"rule": "team", "state": "orphaned"}),
    ("brake_engaged", {"rule": "hybrid"}),
    ("pending", {}),
    ("oldest_pending_seconds", {}),
    ("reconcile_duration_seconds_count", {}),
    *(("reconcile_changes_total", {"action": str(kind)}) for kind in Kind),
    *(
        ("actions_total", {"action": action, "result": "ok"})
        for action in (
            "none",
            "create",
            "update",
            "repair",
            "restore",
            "delete",
            "leave",
            "held",
            "adopt",
            "release",
        )
    ),
    *(
        ("aws_requests_total", {"operation": operation, "code": "OK"})
        for operation in (
            "AssumeRole",
            "PutSecretValue",
            "UntagResource",
            "UpdateSecret",
            "ReplicateSecretToRegions",
            "RemoveRegionsFromReplication",
        )
    ),
    ("vault_requests_total", {"operation": "read", "code": "200"}),
    *(("parked", {"cause": str(cause)}) for cause in Cause),
    *(("webhook_rejected_total", {"reason": reason}) for reason in REASONS),
]
NOT_YET = [
    "vault_token_expiry_timestamp_seconds",
    "reconcile_last_success_timestamp_seconds",
    "forwarder_last_seen_timestamp_seconds",
    "clock_skew_seconds",
]


def test_at_zero(world: World) -> None:
    """Before anything has happened every series is there, at 0."""
    not_at_zero = [one for one in AT_ZERO if world.sample(one[0], **one[1]) != 0]

    assert not_at_zero == []


@pytest.mark.parametrize("name", NOT_YET)
def test_moments_are_absent(world: World, name: str) -> None:
    """A point in time that is not known is not 1970."""
    text = generate_latest(world.metrics.registry).decode()

    assert f"\nvault_replicator_{name}{{" not in text
    assert f"\nvault_replicator_{name} " not in text


def test_what_is_told(world: World) -> None:
    """Every report is found again in the series it belongs to."""
    metrics = world.metrics
    metrics.applied("hybrid", "update", "ok", 0.4)
    metrics.stage("round", 0.2)
    metrics.aws_request("PutSecretValue", "ThrottlingException")
    metrics.vault_request("read", "503")
    metrics.token_expiry(1000.0)
    metrics.reconciled(2.0, {"repair": 3}, 2000.0)

    assert world.sample("actions_total", action="update", result="ok") == 1
    assert world.sample("lag_seconds_bucket", le="0.3") == 0
    assert world.sample("lag_seconds_bucket", le="0.5") == 1
    assert world.sample("stage_duration_seconds_count", stage="round") == 1
    labels = {"operation": "PutSecretValue", "code": "ThrottlingException"}
    assert world.sample("aws_requests_total", **labels) == 1
    assert world.sample("vault_requests_total", operation="read", code="503") == 1
    assert world.sample("vault_token_expiry_timestamp_seconds") == 1000
    assert world.sample("reconcile_last_success_timestamp_seconds") == 2000
    assert world.sample("reconcile_changes_total", action="repair") == 3
    metrics.token_expiry(None)
    assert world.sample("vault_token_expiry_timestamp_seconds") is None


def test_queue_and_journal(world: World) -> None:
    """What waits and what is where is read when somebody asks."""
    ref = SecretRef("", "kv", "c4n4ry")
    world.queue.add([Hint(ref=ref), Hint(ref=SecretRef("", "kv", "b"))])
    world.queue.park(world.take(), cause="KMS_DENIED", detail="")
    world.enter("c4n4ry", State.PARKED)
    world.clock.advance(7)

    assert world.sample("pending") == 1
    assert (world.sample("oldest_pending_seconds") or 0) >= 7
    assert world.sample("parked", cause="KMS_DENIED") == 1
    assert world.sample("secrets", rule="hybrid", state="parked") == 1
    assert b"c4n4ry" not in generate_latest(world.metrics.registry)


def test_a_state_file_that_cannot_be_read(world: World) -> None:
    """Costs the gauges that come from it, when all others are needed most."""
    world.queue.unreadable = True

    assert world.sample("pending") is None
    assert world.sample("webhook_rejected_total", reason="signature") == 0


def test_a_brake(world: World) -> None:
    """What is held shows that the rule's brake is engaged, the others' not."""
    world.enter("a", State.HELD, cause="BRAKE")

    assert world.sample("brake_engaged", rule="hybrid") == 1
    assert world.sample("brake_engaged", rule="team") == 0


def test_a_removed_rule(world: World) -> None:
    """What a rule left behind is counted though the rule is gone."""
    world.enter("a", State.ORPHANED, rule="former")

    assert world.sample("secrets", rule="former", state="orphaned") == 1
    assert world.sample("brake_engaged", rule="former") == 0


def test_lag_of_the_last_hour(world: World) -> None:
    """Percentiles are of the last hour's changes, by nearest rank."""
    world.metrics.applied("hybrid", "update", "ok", 99.0)
    world.clock.advance(3601)
    for lag in range(1, 101):
        world.metrics.applied("hybrid", "update", "ok", float(lag))
    world.metrics.applied("hybrid", "none", "ok", None)

    assert world.metrics.lag_percentiles() == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
