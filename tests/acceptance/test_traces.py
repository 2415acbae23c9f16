"""One trace leads from Vault's audit entry to the put in AWS, and one id through the
logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.collector import Collector, Seen
from tests.acceptance.scene import Build, Scene, wait_until

PLANTED = "canary-Tr4ce-value"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector().listening() as collector:
        yield collector


@pytest.fixture
def traced(
    build: Build, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    """An installation that sends its traces there, soon; at level debug."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    level = {"log_level": "debug"}
    return build(forwarder=level)


def lines(scene: Scene, program: str, event: str) -> list[dict[str, Any]]:
    """The log lines of a program with this event."""
    log = (scene.installation.directory / f"{program}.log").read_text()
    found = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def test_one_trace_from_the_entry_to_the_put(
    traced: Scene, collector: Collector
) -> None:
    """The forwarder's span is the parent of the receiver's, whose children are its
    stages; and the request's id in it is that of both logs, and of Vault's own."""
    traced.reconfigure(log_level="debug")
    traced.arrives("app/db", traced.put("app/db", password=PLANTED))
    traced.queue_drains()

    def spans() -> dict[str, Seen]:
        wanted = f"{traced.mount}/data/app/db"
        began = [one for one in collector.spans if one.said.get("vault.path") == wanted]
        traces = {one.trace for one in began}
        return {one.name: one for one in collector.spans if one.trace in traces}

    wait_until(lambda: {"write", "replicate"} <= spans().keys(), "a whole trace")
    found = spans()
    change, round_ = found["vault.audit.change"], found["replicate"]
    request_id = change.said["vault.request_id"]

    assert (change.service, change.parent) == ("vault-audit-forwarder", "")
    assert (round_.service, round_.parent) == ("vault-replicator", change.id)
    for stage in ("read", "decide", "write"):
        assert found[stage].parent == round_.id
    assert change.begun <= round_.begun <= found["write"].begun <= round_.ended
    assert round_.said["vault.request_id"] == request_id
    assert round_.said["replicator.action"] == "create"
    audit_log = traced.installation.openbao.audit_log.read_text()
    assert request_id in audit_log

    done = lines(traced, "receiver", "replicated")
    assert request_id in {line["request_id"] for line in done}
    assert lines(traced, "forwarder-1", "delivered")
    assert lines(traced, "receiver", "webhook taken")
    assert not any(PLANTED.encode() in body for body in collector.raw)


def test_a_collector_that_is_away_holds_nothing_up(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets arrive, and both programs end in time."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    scene = build()

    scene.arrives("app/db", scene.put("app/db", a="b"))

    assert scene.receiver.stop(patience=20) == 0
    assert scene.forwarder.stop(patience=20) == 0
