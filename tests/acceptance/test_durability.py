"""Whoever falls, whenever: what was written in Vault is in AWS afterwards."""

from __future__ import annotations

import pytest

from receiver.demo.vault import Written
from tests.acceptance.scene import Build, Scene, metric, wait_until
from tests.gate import Gate

PATHS = [f"app/secret-{number}" for number in range(20)]


def write_all(scene: Scene) -> dict[str, Written]:
    return {path: scene.put(path, path=path) for path in PATHS}


def all_arrive(scene: Scene, written: dict[str, Written]) -> None:
    for path, each in written.items():
        scene.arrives(path, each)


def spooled(scene: Scene) -> float:
    return metric(scene.forwarder, "vault_audit_forwarder_spool_events") or 0.0


def test_what_is_written_while_the_receiver_is_down_arrives_later(
    scene: Scene,
) -> None:
    """The forwarder keeps the events until somebody takes them."""
    scene.receiver.stop()
    written = write_all(scene)

    scene.receiver.start()

    all_arrive(scene, written)
    wait_until(lambda: spooled(scene) == 0, "an empty spool")


def test_a_killed_forwarder_still_has_what_it_had_spooled(scene: Scene) -> None:
    """kill -9 with undelivered events: a new process finds and delivers them."""
    scene.receiver.stop()
    written = write_all(scene)
    wait_until(lambda: spooled(scene) >= len(PATHS), "all events in the spool")

    scene.forwarder.child.kill()
    scene.forwarder.start()

    assert spooled(scene) >= len(PATHS)
    scene.receiver.start()
    all_arrive(scene, written)
    wait_until(lambda: spooled(scene) == 0, "an empty spool")


def test_a_killed_receiver_still_has_what_it_had_queued(
    build: Build, gate: Gate
) -> None:
    """kill -9 with work that AWS did not take yet: a new process finishes it.

    Vault is held still meanwhile, so the queue can only be what was on disk.
    """
    scene = build(aws_endpoint=gate.endpoint)
    gate.shut()
    written = write_all(scene)
    wait_until(lambda: scene.status()["pending"] >= len(PATHS), "all work queued")
    wait_until(lambda: spooled(scene) == 0, "all events handed over")

    scene.receiver.child.kill()
    scene.installation.openbao.pause()
    try:
        scene.receiver.start()
        assert scene.status()["pending"] >= len(PATHS)
    finally:
        scene.installation.openbao.resume()
    gate.open()

    all_arrive(scene, written)
    for path in PATHS:
        assert len(scene.aws.version_ids(scene.name(path))) == 1


def test_a_lost_state_file_costs_no_new_version(scene: Scene) -> None:
    """What is in AWS proves itself: nothing is written again."""
    all_arrive(scene, write_all(scene))
    scene.arrives(PATHS[0], scene.put(PATHS[0], path="second"))
    scene.settles()
    before = {path: scene.held(path) for path in PATHS}

    scene.receiver.stop()
    for file in scene.installation.state.parent.iterdir():
        file.unlink()
    scene.receiver.start()
    wait_until(
        lambda: scene.status()["states"].get("in_sync", 0) >= len(PATHS),
        "all secrets found in sync",
    )
    scene.queue_drains()

    assert {path: scene.held(path) for path in PATHS} == before
    assert len(scene.aws.version_ids(scene.name(PATHS[0]))) == 2
    assert len(scene.aws.version_ids(scene.name(PATHS[1]))) == 1


def test_what_is_written_while_both_are_down_is_found_by_comparison(
    scene: Scene,
) -> None:
    """No event was ever made of it; the listing tells."""
    scene.settles()
    scene.receiver.stop()
    scene.forwarder.stop()
    written = write_all(scene)

    scene.receiver.start()

    all_arrive(scene, written)


def test_aws_out_of_reach_delays_and_loses_nothing(build: Build, gate: Gate) -> None:
    """While AWS resets every connection the work waits."""
    scene = build(aws_endpoint=gate.endpoint)
    gate.shut()
    written = write_all(scene)
    wait_until(lambda: scene.status()["pending"] >= len(PATHS), "all work queued")

    gate.open()

    all_arrive(scene, written)


@pytest.mark.parametrize("ended", ["forwarder", "receiver"])
def test_a_restart_in_the_middle_of_writing_loses_nothing(
    scene: Scene, ended: str
) -> None:
    """An orderly stop between two writes; both secrets arrive."""
    program = getattr(scene, ended)
    first = scene.put("first", a="b")
    assert program.stop() == 0
    second = scene.put("second", a="b")

    program.start()

    scene.arrives("first", first)
    scene.arrives("second", second)
