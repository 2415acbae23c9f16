"""The comparison after a gap: Vault's listing with the journal, without AWS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause
from receiver.core.state import Decision, State, Value
from tests.unit.receiver_comparing.conftest import World, ref


def test_what_agrees_is_not_queued(world: World) -> None:
    """Same version, same time."""
    world.fill("a", "b")
    report = world.compare(quick=True)

    assert world.queued == []
    assert report.compared == 2
    assert world.target.calls == []


def test_what_was_missed_is_queued(world: World) -> None:
    """A new version, the same number anew, a delete, a removal, a new secret."""
    world.fill("again", "changed", "deleted", "removed", "same")
    world.write("changed", 2)
    world.write("again", 1, age=1)
    world.delete("deleted")
    world.remove("removed")
    world.write("new")
    world.write("tmp/new")
    report = world.compare(quick=True)

    assert world.queued == ["again", "changed", "deleted", "new", "removed"]
    assert report.differing == {"update": 2, "delete": 2, "create": 1}
    assert world.target.calls == []
    assert not any(hint.doubt for hint in world.queue.hints)


def test_who_opted_out_while_nobody_listened_is_noticed(world: World) -> None:
    """Though the version is the same; and once it is known, no more."""
    world.fill("a", "b")
    out = {"replicate": "false"}
    value = world.source.secrets[ref("a")]
    assert isinstance(value, Value)
    world.source.secrets[ref("a")] = replace(value, custom_metadata=out)
    world.write("new", custom_metadata=out)
    assert world.compare(quick=True).differing == {"orphaned": 1}
    assert world.queued == ["a"]

    world.drain()
    world.compare(quick=True)
    assert world.queued == []


def test_what_came_back_is_queued(world: World) -> None:
    """Undeleted, at the same version."""
    world.fill("a", "b")
    value = world.source.secrets[ref("a")]
    world.delete("a")
    world.event("a")
    world.source.secrets[ref("a")] = value
    report = world.compare(quick=True)

    assert report.differing == {"restore": 1}
    world.drain()
    assert not world.secret("a").deleting


def test_what_is_stuck_waits_for_a_comparison_with_aws(world: World) -> None:
    """Nothing new is known of it; but a newer version is looked at."""
    world.fill("a", "b")
    entry = world.entry("a")
    parked = replace(entry, state=State.PARKED, cause=Cause.KMS_DENIED)
    assert world.journal.record(parked, expected=entry)
    world.compare(quick=True)
    assert world.queued == []

    world.write("a", 2)
    world.compare(quick=True)
    assert world.queued == ["a"]


def test_a_decision_that_waits_is_carried_out(world: World) -> None:
    """Also on what was left behind."""
    world.fill("a", "b")
    world.journal.decide([world.entry("a")], Decision.RELEASE, "oncall")
    world.rules = (replace(world.rules[0], exclude=("b",)),)
    world.journal.decide([world.entry("b")], Decision.RELEASE, "oncall")
    world.compare(quick=True)

    assert world.queued == ["a", "b"]


def test_an_emptied_listing_holds_what_it_would_delete(world: World) -> None:
    """And lets go of it when the keys are back."""
    world.fill("a", "b")
    kept = dict(world.source.secrets)
    world.source.secrets.clear()
    assert world.compare(quick=True).differing == {"held": 2}
    assert world.queued == []
    assert world.entry("a").cause == Cause.EMPTY_LISTING

    world.source.secrets.update(kept)
    assert world.compare(quick=True).differing == {}
    assert world.entry("a").state is State.IN_SYNC


def test_what_the_brake_holds_is_left_alone(world: World) -> None:
    """It waits for somebody, and is told."""
    world.fill("a", "b")
    entry = world.entry("a")
    held = replace(entry, state=State.HELD, cause=Cause.BRAKE, detail="too many")
    assert world.journal.record(held, expected=entry)
    world.delete("a")
    report = world.compare(quick=True)

    assert report.differing == {"held": 1}
    assert world.queued == []


def test_a_new_name_alone_is_no_reason(world: World) -> None:
    """An edit of the rule is weighed by a comparison with AWS; a new version is not
    kept waiting for that."""
    world.fill("a", "b")
    world.with_spec(name="new/{path}")
    world.write("b", 2)
    world.compare(quick=True)

    assert world.queued == ["b"]


@pytest.mark.parametrize("quick", [True, False])
def test_a_vault_that_went_back_for_many_is_held(world: World, quick: bool) -> None:
    """A restored snapshot, another cluster: for few it is believed."""
    paths = [f"s{number:02}" for number in range(20)]
    world.fill(*paths)
    for path in paths[:10]:
        world.write(path, 9, age=100_000)
    assert world.compare(quick=quick).differing == {"update": 10}
    assert len(world.queued) == 10

    world.write(paths[10], 9, age=100_000)
    while work := world.take():
        world.queue.done(work)
    report = world.compare(quick=quick)
    assert report.differing == {"held": 11}
    assert world.queued == []
    assert report.held == 11
    assert "Vault has gone back for 11 of 20 secrets" in report.faults[0]
