"""Writes wait for their turn, reads do not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from receiver.core.causes import Cause, Temporary
from receiver.core.rules import TargetSpec
from receiver.core.state import Replica
from receiver.paced import Paced
from receiver.ports import Target
from tests.fake_target import READS, FakeTarget

CALLS: dict[str, Callable[[Target], object]] = {
    "describe": lambda t: t.describe("a"),
    "listing": lambda t: list(t.listing()),
    "create": lambda t: t.create(
        "a", body="1", version_id="v", spec=TargetSpec(), tags={}
    ),
    "put": lambda t: t.put("arn", body="1", version_id="v"),
    "make_current": lambda t: t.make_current("arn", version_id="v", instead_of="w"),
    "tag": lambda t: t.tag("arn", {"a": "b"}),
    "untag": lambda t: t.untag("arn", ["a"]),
    "update": lambda t: t.update("arn", description="d", kms_key_id=None),
    "replicate": lambda t: t.replicate("arn", [Replica("eu-west-1")]),
    "detach": lambda t: t.detach("arn", ["eu-west-1"]),
    "restore": lambda t: t.restore("arn"),
    "delete": lambda t: t.delete("arn", recovery_days=None),
}


def too_late() -> AbstractContextManager[None]:
    raise Temporary(Cause.LEASE_SHORT, "too late to begin a write")


def test_no_call_is_forgotten() -> None:
    """Every method of the port is tried below."""
    assert set(CALLS) == {name for name in vars(Target) if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(set(CALLS) - set(READS)))
def test_a_write_that_gets_no_turn_is_not_made(name: str) -> None:
    """What keeps it waiting is raised, before anything is asked of AWS."""
    target = FakeTarget()
    with pytest.raises(Temporary, match="too late"):
        CALLS[name](Paced(target, too_late))
    assert target.calls == []


@pytest.mark.parametrize("name", READS)
def test_a_read_needs_no_turn(name: str) -> None:
    """It spends no budget and ends with no lease."""
    target = FakeTarget()
    CALLS[name](Paced(target, too_late))
    assert target.calls == [name]
