"""A disk that is full while people go on writing, and then has room again.

The kernel refuses every write of the process to a file, its log included, as it would
on a full disk; so this shows what SQLite, Python and we make of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from receiver.demo.programs import Program
from tests.acceptance.faults.conftest import Extent, Judge
from tests.acceptance.faults.load import Load
from tests.acceptance.scene import Scene, wait_until

if sys.platform != "linux":
    pytest.skip("only Linux limits another process", allow_module_level=True)

import resource

pytestmark = pytest.mark.timeout(600)


@contextmanager
def full_disk(program: Program) -> Iterator[None]:
    """For this process."""
    what, pid = resource.RLIMIT_FSIZE, program.child.pid
    usual = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (0, usual[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, what, usual)


def test_a_full_spool_disk_fails_no_write_and_loses_nothing(
    gated: Scene, extent: Extent, seed: int, judge: Judge
) -> None:
    """The forwarder holds what it cannot write, and goes on by itself."""
    load = Load(gated, seed=seed, **extent.pace)
    with load.running():
        with full_disk(gated.forwarder):
            load.goes_on(extent.outage / 4)
        assert _healthy(gated.forwarder)

    assert load.failures == []
    judge(load).all_is_well()


def test_a_full_state_disk_loses_nothing(
    gated: Scene, extent: Extent, seed: int, judge: Judge
) -> None:
    """The receiver takes no events that it cannot keep, says that it is not ready, and
    goes on by itself."""
    load = Load(gated, seed=seed, **extent.pace)
    with load.running():
        with full_disk(gated.receiver):
            wait_until(lambda: not _ready(gated.receiver), "it says so")
            assert _healthy(gated.receiver)
            load.goes_on(extent.outage / 4)
        wait_until(lambda: _ready(gated.receiver), "it is ready again")

    assert load.failures == []
    judge(load, seals_are_lost=True).all_is_well()


def _ready(program: Program) -> bool:
    return httpx.get(f"{program.address}/readyz", trust_env=False).status_code == 200


def _healthy(program: Program) -> bool:
    return httpx.get(f"{program.address}/healthz", trust_env=False).status_code == 200
