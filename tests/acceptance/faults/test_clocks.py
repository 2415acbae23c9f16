"""A clock that is wrong, and one that jumps: nothing is lost, and nobody stops."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from receiver.demo.child import Child, isolated
from receiver.demo.emulator import ENVIRONMENT
from tests.acceptance.faults.conftest import UNHINDERED, Extent, Judge, only_long
from tests.acceptance.faults.load import Load
from tests.acceptance.scene import Build, Scene, metric, wait_until

pytestmark = pytest.mark.timeout(600)

_ROOT = Path(__file__).parents[3]
_FORWARDER, _RECEIVER = "forwarder", "receiver"
_RUN = {
    _FORWARDER: ("forwarder-1", "vault_audit_forwarder", "run"),
    _RECEIVER: ("replicator", "receiver", "serve"),
}


class Clock:
    """Of a program of ``scene``, which is started anew with it."""

    def __init__(self, scene: Scene, program: str) -> None:
        directory = scene.installation.directory
        self._file = directory / f"{program}.clock"
        self.is_off_by(0)
        name, *words = _RUN[program]
        config = ["--config", str(directory / f"{name}.yaml")]
        entry = ["-m", "tests.acceptance.faults.jumping_clock", str(self._file)]
        running = getattr(scene, program)
        running.stop()
        running.child = Child(
            program,
            [sys.executable, *entry, *words, *config],
            log=running.child.log,
            env=isolated(os.environ) | ENVIRONMENT | {"PYTHONPATH": str(_ROOT)},
        )
        running.start()

    def is_off_by(self, seconds: float) -> None:
        """From now on; negative: it is behind."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)


Clocks: TypeAlias = dict[str, Clock]


@pytest.fixture(scope="module")
def _hosts(build_once: Build) -> tuple[Scene, Clocks]:
    scene = build_once(replicator=UNHINDERED)
    return scene, {program: Clock(scene, program) for program in _RUN}


@pytest.fixture
def hosts(_hosts: tuple[Scene, Clocks]) -> tuple[Scene, Clocks]:
    """A folder, and both programs' clocks."""
    scene, clocks = _hosts
    for clock in clocks.values():
        clock.is_off_by(0)
    return replace(scene, folder=f"folder-{secrets.token_hex(4)}/"), clocks


@pytest.mark.parametrize(
    ("whose", "seconds"),
    [
        (_FORWARDER, 600),
        only_long(_FORWARDER, -600),
        only_long(_RECEIVER, 600),
        only_long(_RECEIVER, -600),
    ],
)
def test_what_is_refused_for_its_time_is_kept_and_delivered_later(
    hosts: tuple[Scene, Clocks], seed: int, judge: Judge, whose: str, seconds: float
) -> None:
    """One of two clocks is ten minutes off: the receiver answers 400, the forwarder
    keeps everything, and all of it arrives once the clock is right."""
    scene, clocks = hosts
    rejected = "vault_replicator_webhook_rejected_total"
    before = metric(scene.receiver, rejected) or 0
    load = Load(scene, seed=seed)
    with load.running():
        clocks[whose].is_off_by(seconds)
        wait_until(
            lambda: (metric(scene.receiver, rejected) or 0) >= before + 3, "400s"
        )
        waiting = metric(scene.forwarder, "vault_audit_forwarder_spool_events") or 0
        assert waiting > 0
        clocks[whose].is_off_by(0)

    assert load.failures == []
    judge(load).all_is_well()


@pytest.mark.parametrize("seconds", [only_long(3600), -3600])
def test_a_host_whose_clock_jumps_goes_on_working(
    hosts: tuple[Scene, Clocks],
    extent: Extent,
    seed: int,
    judge: Judge,
    weather: Callable[..., None],
    seconds: float,
) -> None:
    """By an hour, of both programs at once, and back again, while AWS fails so often
    that much of the work waits for its next try."""
    scene, clocks = hosts
    load = Load(scene, seed=seed, **extent.pace)
    with load.running():
        weather("storm", throttled=0.3, failing=0.2, lost=0.0, seed=seed)
        load.goes_on(extent.outage / 5)
        for wrong in (seconds, 0):
            for clock in clocks.values():
                clock.is_off_by(wrong)
            load.goes_on(extent.outage / 10)
        weather("reset")

    assert load.failures == []
    judge(load, seals_are_lost=True).all_is_well()
