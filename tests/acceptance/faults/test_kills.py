"""kill -9, at any moment, of each process in turn, while people go on writing."""

from __future__ import annotations

import random

import pytest

from tests.acceptance.faults.conftest import UNHINDERED, Extent, Judge, in_long_runs
from tests.acceptance.faults.load import Load
from tests.acceptance.faults.raft import RaftOpenBao
from tests.acceptance.scene import Build, Scene

pytestmark = pytest.mark.timeout(900)

#: Between two kills, and from a kill to the start after it, seconds.
_BETWEEN, _DOWN = (0.2, 2.0), (0.0, 1.0)

_VICTIMS = ("forwarder", "receiver", "openbao")


def test_whoever_is_killed_whenever_nothing_is_lost(
    build: Build, extent: Extent, seed: int, judge: Judge
) -> None:
    """The forwarder, the receiver and OpenBao, in random order at random moments. Vault
    refuses writes while it is down, and at no other time."""
    scene = build(openbao=RaftOpenBao, replicator=UNHINDERED)
    dice = random.Random(seed)
    whom = [_VICTIMS[number % len(_VICTIMS)] for number in range(extent.rounds)]
    dice.shuffle(whom)
    load = Load(scene, seed=seed, **extent.pace)
    with load.running():
        for victim in whom:
            load.goes_on(dice.uniform(*_BETWEEN))
            _kill_and_start(scene, victim, load, dice.uniform(*_DOWN))

    judge(load, seals_are_lost=True).all_is_well()


@in_long_runs
def test_a_cluster_may_lose_its_leader_at_any_time(
    build: Build, extent: Extent, seed: int, judge: Judge
) -> None:
    """Three nodes, a forwarder on each, the receiver reads from one that is a standby
    at first. The leader is killed, another one takes over, the old one comes back."""
    scene = build(openbao=RaftOpenBao, forwarders=3, replicator=UNHINDERED)
    cluster = scene.installation.openbao
    assert isinstance(cluster, RaftOpenBao)
    dice = random.Random(seed)
    load = Load(scene, seed=seed, **extent.pace)
    with load.running():
        for _ in range(extent.rounds // 3):
            load.goes_on(dice.uniform(*_BETWEEN))
            fallen = cluster.leader()
            fallen.child.kill()
            cluster.leader()
            load.goes_on(dice.uniform(*_BETWEEN))
            cluster.restart(fallen)

    judge(load, seals_are_lost=True).all_is_well()


def _kill_and_start(scene: Scene, victim: str, load: Load, down: float) -> None:
    openbao = scene.installation.openbao
    assert isinstance(openbao, RaftOpenBao)
    if victim == "openbao":
        (node,) = openbao.nodes
        node.child.kill()
        load.goes_on(down)
        openbao.restart(node)
    else:
        program = getattr(scene, victim)
        failed = len(load.failures)
        program.child.kill()
        load.goes_on(down)
        program.start()
        assert load.failures[failed:] == []
