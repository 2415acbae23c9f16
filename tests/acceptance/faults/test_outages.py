"""Somebody is away, or answers and is not heard, while people go on writing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.acceptance.faults.conftest import (
    UNHINDERED,
    Doors,
    Extent,
    Judge,
    in_long_runs,
)
from tests.acceptance.faults.load import Load
from tests.acceptance.scene import Build, Scene, metric, wait_until
from tests.acceptance.test_unreadable_vault import sealed

pytestmark = pytest.mark.timeout(600)

#: What each door is told to cut off, and how often.
_CUTS = {
    "receiver": b"POST /v1/events",
    "vault": b"GET /v1/",
    "create": b"secretsmanager.CreateSecret",
    "put": b"secretsmanager.PutSecretValue",
    "tag": b"secretsmanager.TagResource",
    "delete": b"secretsmanager.DeleteSecret",
}


def test_an_unreachable_receiver_costs_nothing_but_time(
    gated: Scene, doors: Doors, extent: Extent, seed: int, judge: Judge
) -> None:
    """It hangs, and then it resets: no write in Vault fails, everything waits in the
    spool, and in the end nothing is missing."""
    load = Load(gated, seed=seed, **extent.pace)
    with load.running():
        doors.receiver.hang()
        load.goes_on(extent.outage / 2)
        doors.receiver.shut()
        load.goes_on(extent.outage / 2)
        waiting = metric(gated.forwarder, "vault_audit_forwarder_spool_events") or 0
        assert waiting >= len(load.secrets) / 2
        doors.receiver.open()

    assert load.failures == []
    judge(load).all_is_well()
    wait_until(
        lambda: metric(gated.forwarder, "vault_audit_forwarder_spool_events") == 0,
        "an empty spool",
    )


@in_long_runs
def test_a_spool_that_overflows_becomes_a_comparison(
    build: Build, seed: int, judge: Judge
) -> None:
    """What found no room is not lost: the gap in its place has everything compared."""
    spool = {"path": "forwarder-1-spool/spool.db", "max_events": 3}
    scene = build(forwarder={"spool": spool}, replicator=UNHINDERED)
    load = Load(scene, seed=seed, per_second=50.0)
    with load.running():
        scene.receiver.stop()
        wait_until(lambda: load.done > 100, "some load")
        waiting = metric(scene.forwarder, "vault_audit_forwarder_spool_events") or 0
        assert waiting <= 4  # the gap has always room
        scene.receiver.start()

    assert load.failures == []
    judge(load).all_is_well()


@pytest.mark.parametrize("what", _CUTS)
def test_an_answer_that_is_cut_off_makes_no_second_version(
    gated: Scene, doors: Doors, seed: int, judge: Judge, what: str
) -> None:
    """The other side has done it and nobody heard: it is asked again, and it shows in
    AWS only once."""
    door = getattr(doors, what, doors.aws)
    before = door.cuts
    load = Load(gated, seed=seed, per_second=50.0, secrets=12)
    door.cut_answers(_CUTS[what], times=5)
    with load.running():
        wait_until(lambda: door.cuts == before + 5, "five answers cut off")

    assert load.failures == []
    judge(load).all_is_well()


def test_a_storm_in_aws_blows_over(
    gated: Scene,
    extent: Extent,
    seed: int,
    judge: Judge,
    weather: Callable[..., None],
) -> None:
    """A third of all calls is throttled, many fail, and some that seem to have failed
    were carried out."""
    load = Load(gated, seed=seed, **extent.pace)
    with load.running():
        weather("storm", throttled=0.35, failing=0.2, lost=0.15, seed=seed)
        load.goes_on(extent.outage / 4)
        weather("reset")

    assert load.failures == []
    judge(load, seals_are_lost=True).all_is_well()


def test_a_vault_that_is_sealed_and_unsealed_loses_nothing(
    gated: Scene, doors: Doors, extent: Extent, seed: int, judge: Judge
) -> None:
    """Again and again, with work in hand that AWS did not take before: it is read once
    more, from a Vault that says nothing, while AWS would take anything."""
    load = Load(gated, seed=seed, **extent.pace)
    with load.running():
        for _ in range(extent.rounds):
            doors.aws.shut()
            load.goes_on(0.5)
            with sealed(gated):
                doors.aws.open()
                load.goes_on(1.5)

    judge(load, seals_are_lost=True).all_is_well()
