"""What is open to everybody, and what is not even there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.web.app import create_app
from tests.unit.receiver_web.conftest import World, event


def test_healthy(world: World) -> None:
    """The process turns."""
    assert world.request("GET", "/healthz").status_code == 200


def test_ready(world: World) -> None:
    """Vault and AWS are named, and their absence does not make it unready."""
    answer = world.request("GET", "/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "queue": "takes work",
        "vault": "unreachable",
        "aws": "ok",
    }
    assert world.source.asked == 0


def test_a_closed_queue_is_not_ready(world: World) -> None:
    """A queue that is ending makes it unready, not unhealthy."""
    world.queue.close()

    assert world.request("GET", "/readyz").status_code == 503
    assert world.request("GET", "/healthz").status_code == 200


def test_a_full_queue_is_not_ready(world: World) -> None:
    """After a webhook that could not be kept it is unready, until one can be or some
    seconds have passed and it is worth a try."""
    world.queue.full = True
    world.post(event())
    assert world.request("GET", "/readyz").status_code == 503

    world.clock.advance(11)
    assert world.request("GET", "/readyz").status_code == 200
    world.post(event())
    world.queue.full = False
    world.post(event())
    assert world.request("GET", "/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/healthz/"])
def test_not_there(world: World, path: str) -> None:
    """There is no interactive documentation, and an unknown path is a 404 in JSON."""
    answer = world.request("GET", path)

    assert (answer.status_code, set(answer.json())) == (404, {"error"})


def test_metrics(world: World) -> None:
    """Metrics are in the format that is asked for."""
    plain = world.request("GET", "/metrics")
    modern = world.request(
        "GET", "/metrics", headers={"accept": "application/openmetrics-text"}
    )

    assert "vault_replicator_pending 0.0" in plain.text
    assert plain.headers["content-type"].startswith("text/plain")
    assert "openmetrics" in modern.headers["content-type"]


def test_metrics_elsewhere(world: World) -> None:
    """With a listener of their own the metrics are not on this one."""
    world.app = create_app(replace(world.parts, serve_metrics=False))

    assert world.request("GET", "/metrics").status_code == 404


def test_a_fault_of_ours(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What goes wrong inside is a 500 without a word of what it was."""

    def fail() -> list[str]:
        raise RuntimeError("c4n4ry")

    world.app = create_app(replace(world.parts, faults=fail))
    answer = world.request("GET", "/v1/status", token="read-token")

    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert "c4n4ry" not in answer.text
