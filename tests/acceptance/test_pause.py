"""Paused: what is written in Vault waits, survives everything, and goes out after."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.acceptance.scene import Build, Scene, metric, wait_until


@pytest.fixture(scope="module")
def _installation(build_once: Build) -> Scene:
    return build_once()


@pytest.fixture
def scene(_installation: Scene) -> Iterator[Scene]:
    """Nothing is paused before or after."""
    yield _installation
    _installation.order("resume", all=True)
    _installation.queue_drains()


def pause(scene: Scene, seconds: float = 3600) -> None:
    scene.order("pause", reason="KMS key rotation", **{"for": f"{seconds:.0f}s"})


def is_held_up(scene: Scene, path: str) -> bool:
    """Whether a worker has taken it and put it back."""
    items = scene.api("GET", "/v1/secrets?state=pending").json()["items"]
    return any((one["path"], one["cause"]) == (path, "PAUSED") for one in items)


def mutations(scene: Scene) -> dict[str, float]:
    """How often each call that changes something was made."""
    reads = {"DescribeSecret", "ListSecrets"}
    lines = scene.receiver.metrics().splitlines()
    calls = [line for line in lines if "aws_requests_total{" in line]
    return {
        name: float(count)
        for name, _, count in (line.rpartition(" ") for line in calls)
        if not any(read in name for read in reads)
    }


def test_nothing_is_written_until_somebody_resumes(scene: Scene) -> None:
    """Puts, deletes and a reconcile wait; then all goes out at once."""
    scene.arrives("app/old", scene.put("app/old", a="1"))
    scene.arrives("app/gone", scene.put("app/gone", a="1"))
    scene.queue_drains()
    pause(scene)
    before = mutations(scene)
    new, old = scene.put("app/new", a="1"), scene.put("app/old", a="2")
    gone = scene.delete("app/gone")
    for path in ("app/new", "app/old", "app/gone"):
        wait_until(lambda path=path: is_held_up(scene, path), f"{path} is held up")
    run = scene.reconcile()

    assert (run["paused"], run["done"]) == (3, {})
    assert mutations(scene) == before
    assert scene.status()["verdict"] == "needs_you"
    assert metric(scene.receiver, "vault_replicator_paused") == 1
    sync = scene.api(
        "POST", "/v1/secrets/sync?wait=50s", {"path": f"{scene.mount}/app/new"}
    )
    assert (sync.status_code, sync.json()["cause"]) == (409, "PAUSED")

    scene.order("resume", all=True)
    scene.arrives("app/new", new)
    scene.arrives("app/old", old)
    scene.is_scheduled("app/gone", gone)
    assert metric(scene.receiver, "vault_replicator_paused") == 0


def test_it_ends_by_itself(scene: Scene) -> None:
    """What waited goes out when the time is over, and not before."""
    began = time.monotonic()
    pause(scene, seconds=4)
    written = scene.put("app/timed", a="1")
    scene.arrives("app/timed", written)

    assert time.monotonic() - began >= 4
    assert scene.status()["paused"] == []


def test_it_survives_kill_9(scene: Scene) -> None:
    """With all that waited, and its reason; the new process writes nothing either."""
    pause(scene)
    written = scene.put("app/killed", a="1")
    wait_until(lambda: is_held_up(scene, "app/killed"), "it is held up")
    (before,) = scene.status()["paused"]

    scene.receiver.child.kill()
    scene.receiver.start()

    assert scene.status()["paused"] == [before]
    wait_until(lambda: is_held_up(scene, "app/killed"), "it is held up again")
    assert sum(mutations(scene).values()) == 0
    scene.order("resume", all=True)
    scene.arrives("app/killed", written)


def test_a_decision_waits_too(scene: Scene) -> None:
    """Released while paused: nothing happens to it until the end of the pause."""
    scene.arrives("app/let-go", scene.put("app/let-go", a="1"))
    scene.queue_drains()
    pause(scene)
    scene.order("release", path="app/let-go")
    wait_until(lambda: is_held_up(scene, "app/let-go"), "it is held up")
    held = scene.held("app/let-go")
    assert held is not None
    assert "vault-released" not in held.tags

    scene.order("resume", all=True)
    wait_until(
        lambda: (
            (listed := scene.listed("app/let-go")) is not None
            and listed["cause"] == "RELEASED"
        ),
        "it is released",
    )
