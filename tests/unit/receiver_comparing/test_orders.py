"""A person's word covers what the plan showed, and nothing that came since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.comparison.comparing import Extent
from receiver.core.causes import Cause
from receiver.core.comparison.order import Order, order_of
from receiver.core.fingerprint import RELEASED
from receiver.core.state import State
from tests.unit.receiver_comparing.conftest import LATER, World, ref

PATHS = [f"s{number:02}" for number in range(30)]


def planned(world: World, *, force: bool = False, prune: bool = False) -> Order:
    """An order to do what is planned now."""
    return order_of(world.plan(), force=force, prune=prune, by="oncall")


def test_only_what_was_planned_is_done(world: World) -> None:
    """In the way that was planned: what changed its kind waits for another plan."""
    world.fill("a", "b", "c")
    world.write("a", 2)
    world.write("b", 2)
    order = planned(world)
    world.delete("b")
    world.write("c", 2)
    report = world.carry_out(order)

    assert report.queued == 1
    assert world.secret("a").value == '{"n":"2"}'
    assert not world.secret("b").deleting
    assert world.secret("c").value == '{"n":"1"}'


def test_a_plan_clears_no_gap(world: World) -> None:
    """It brings about a part only."""
    world.journal.add_gap(["**"], "connection", None)
    world.write("a")
    world.carry_out(planned(world))

    assert len(world.journal.gaps()) == 1


def test_force_does_the_deletes_that_the_plan_held_back(world: World) -> None:
    """Those, all of those, and no other."""
    world.fill(*PATHS)
    for path in PATHS[:14]:
        world.delete(path)
    plan = world.plan()
    held = {one["path"] for one in plan["changes"] if one["action"] == "held"}
    assert len(held) == 4
    order = order_of(plan, force=True, prune=False, by="oncall")
    world.delete(PATHS[20])
    world.carry_out(order)

    deleting = {path for path in PATHS if world.secret(path).deleting}
    assert deleting == set(PATHS[:14])


def test_without_force_they_are_held(world: World) -> None:
    """And what the brake lets through is done."""
    world.fill(*PATHS)
    for path in PATHS[:14]:
        world.delete(path)
    world.carry_out(planned(world))

    assert sum(world.secret(path).deleting for path in PATHS) == 10


def test_force_believes_vault_alone(world: World) -> None:
    """What came back since the plan is not deleted."""
    world.fill(*PATHS)
    world.compare()
    for path in PATHS[:14]:
        world.delete(path)
    world.compare()
    world.drain()
    plan = world.plan()
    order = order_of(plan, force=True, prune=False, by="oncall")
    back = next(one["path"] for one in plan["changes"] if one["action"] == "held")
    world.write(back, 2)
    world.clock.advance(LATER)
    world.carry_out(order)

    assert not world.secret(back).deleting
    assert sum(world.secret(path).deleting for path in PATHS) == 13


def test_force_releases_what_is_held_already(world: World) -> None:
    """By the worker, an hour ago; the brake counts anew then."""
    world.fill(*PATHS)
    for path in PATHS[:14]:
        world.delete(path)
    world.compare()
    world.drain()
    held = [e for e in world.journal.entries() if e.state is State.HELD]
    assert len(held) == 4
    world.clock.advance(LATER)
    world.carry_out(planned(world, force=True))

    assert sum(world.secret(path).deleting for path in PATHS) == 14
    counted = world.journal.deletions("all", 0.0)
    assert (counted.held, counted.made) == (0, 0)


def test_force_empties_a_mount_that_is_meant_to_be_empty(world: World) -> None:
    """Each secret after a read of its own."""
    world.fill("a", "b")
    world.source.secrets.clear()
    world.compare()
    world.drain()
    assert world.entry("a").cause == Cause.EMPTY_LISTING
    world.carry_out(planned(world, force=True))

    assert world.secret("a").deleting
    assert world.secret("b").deleting


def test_force_works_with_the_journal_lost(world: World) -> None:
    """The decision is written on a new entry."""
    world.fill("a", "b")
    world.lose_journal()
    world.source.secrets.clear()
    world.carry_out(planned(world, force=True))

    assert world.secret("a").deleting


def test_an_edit_that_rewrites_many_needs_its_plan(world: World) -> None:
    """And no force."""
    world.fill(*PATHS)
    world.with_spec(format_key="n")
    order = planned(world)
    world.compare()
    assert world.queued == []
    world.carry_out(order)

    assert {world.secret(path).value for path in PATHS} == {"1"}


def test_new_names_for_many_need_their_plan(world: World) -> None:
    """The old ones are orphaned then, and deleted by a prune."""
    world.fill(*PATHS)
    world.with_spec(name="new/{path}")
    world.carry_out(planned(world))
    assert {f"new/{path}" for path in PATHS} <= world.target.secrets.keys()
    assert not any(world.secret(path).deleting for path in PATHS)

    world.clock.advance(LATER)
    world.limits = replace(world.limits, percent=100)
    world.carry_out(planned(world, prune=True))
    assert all(world.secret(path).deleting for path in PATHS)


def test_a_prune_deletes_the_orphans_as_their_rule_would_have(world: World) -> None:
    """Under the brake; retained, released and merely tagged ones stay."""
    world.fill("a", "b", "c", "keep")
    rule = world.rules[0]
    world.with_spec(on_delete="retain")
    world.rules = (replace(world.rules[0], include=("b",)),)
    world.compare()
    world.rules = (replace(rule, include=("keep",)),)
    world.compare()
    world.drain()
    world.clock.advance(LATER)
    report = world.compare()
    assert report.differing == {"orphaned": 3}
    assert not world.secret("a").deleting

    world.comparison.run(Extent(), Order(prune=True, by="oncall"))
    assert world.queued == ["a", "c"]
    world.drain()
    assert world.secret("a").deleting
    assert not world.secret("b").deleting
    assert world.secret("c").deleting


def test_a_prune_leaves_alone_what_only_its_tags_tell_of(world: World) -> None:
    """What its rule wanted is not known."""
    world.fill("a", "b")
    world.lose_journal()
    world.rules = (replace(world.rules[0], exclude=("a",)),)
    world.compare()
    world.comparison.run(Extent(), Order(prune=True, by="oncall"))
    assert world.queued == []
    (entry,) = world.journal.known(ref("kv/a", ""))
    assert entry.decision is None


@pytest.mark.parametrize("why", [Cause.RELEASED, Cause.RETAINED])
def test_a_prune_leaves_alone_what_is_meant_to_stay(world: World, why: Cause) -> None:
    """Nobody decides about it again."""
    world.fill("a", "b")
    if why is Cause.RELEASED:
        world.secret("a").tags[RELEASED] = "true"
    else:
        world.with_spec(on_delete="retain")
        world.delete("a")
    world.compare()
    world.drain()
    world.clock.advance(LATER)
    assert world.entry("a").cause == why
    report = world.comparison.run(Extent(), Order(prune=True, by="oncall"))

    assert report.differing == {"orphaned": 1}
    assert world.queued == []


def test_a_prune_deletes_who_opted_out(world: World) -> None:
    """Only then."""
    world.fill("a", "b")
    world.write("a", custom_metadata={"replicate": "false"})
    world.compare()
    world.drain()
    assert world.entry("a").state is State.ORPHANED
    world.clock.advance(LATER)
    assert world.compare().differing == {"orphaned": 1}
    assert world.queued == []

    world.carry_out(Order(prune=True, by="oncall"))
    assert world.secret("a").deleting
