"""What stands at no place of today, at an impossible one, or at two at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause
from receiver.core.rules import TargetSpec
from receiver.core.state import State
from tests.fake_target import Secret
from tests.unit.receiver_comparing.conftest import LATER, REGION, World, ref


def test_what_aws_has_finally_deleted_is_forgotten(world: World) -> None:
    """Neither Vault nor AWS names it any more."""
    world.fill("a", "b")
    world.remove("a")
    world.event("a")
    assert world.entry("a").state is State.DELETING
    del world.target.secrets["kv/a"]
    world.clock.advance(LATER)
    report = world.compare()
    world.drain()

    assert report.differing == {}
    assert world.journal.known(ref("a")) == []


@pytest.mark.parametrize("how", ["removed", "excluded", "renamed", "moved"])
def test_what_no_rule_speaks_for_is_orphaned(world: World, how: str) -> None:
    """Told and marked, and left as it is."""
    world.fill("a")
    rule = world.rules[0]
    if how == "removed":
        world.rules = (replace(rule, name="other", mount="kv2"),)
    elif how == "excluded":
        world.rules = (replace(rule, exclude=("a",)),)
    elif how == "renamed":
        world.with_spec(name="new/{path}")
    else:
        world.rules = (replace(rule, target=TargetSpec(region="eu-west-1")),)
    report = world.compare()
    world.drain()

    assert report.differing["orphaned"] == 1
    old = next(
        e
        for e in world.journal.known(ref("a"))
        if (e.name, e.region) == ("kv/a", REGION)
    )
    assert (old.state, old.cause) == (State.ORPHANED, Cause.NO_RULE)
    assert not world.secret("a").deleting

    world.clock.advance(LATER)
    again = world.compare()
    assert again.differing == {"orphaned": 1}
    assert world.queued == []


def test_a_rule_that_is_only_renamed_leaves_nothing_behind(world: World) -> None:
    """Its entries stand under the new name at once, and nothing is read or queued."""
    world.fill("a", "b")
    world.rules = (replace(world.rules[0], name="new"),)
    report = world.compare()

    assert report.differing == {}
    assert world.queued == []
    assert world.entry("a").rule == "new"


def test_an_orphan_that_aws_lost_is_forgotten(world: World) -> None:
    """Somebody deleted it there."""
    world.fill("a")
    world.rules = (replace(world.rules[0], exclude=("a",)),)
    world.compare()
    world.drain()
    del world.target.secrets["kv/a"]
    world.clock.advance(LATER)
    world.compare()
    world.drain()

    assert world.journal.known(ref("a")) == []


def test_an_orphan_is_found_by_its_tags_alone(world: World) -> None:
    """The state was lost, then the rule was changed: it is listed, and once the rule
    speaks for it again it is what it was."""
    world.fill("a", "b", "with space")
    world.lose_journal()
    rule = world.rules[0]
    world.rules = (replace(rule, exclude=("a", "with space")),)
    report = world.compare()

    assert report.differing == {"orphaned": 2}
    assert world.queued == []
    found = {e.ref.path: e for e in world.journal.entries(state=State.ORPHANED)}
    assert found.keys() == {"kv/a", "kv/with space"}
    assert {entry.attributes for entry in found.values()} == {None}

    world.clock.advance(LATER)
    assert world.compare().differing == {"orphaned": 2}

    world.rules = (rule,)
    assert world.compare().differing == {}
    assert {entry.state for entry in world.journal.entries()} == {State.IN_SYNC}


def test_the_secrets_of_another_replicator_are_told_of(world: World) -> None:
    """Below a prefix of ours each would take the other's for a mistake."""
    world.fill("a")
    for name in ("kv/theirs", "kv/too", "elsewhere/x"):
        tags = {**world.secret("a").tags, "vault-source": "vault-dr"}
        world.target.secrets[name] = Secret(f"arn-{name}", tags)
    report = world.compare()

    assert report.differing == {}
    (fault,) = report.faults
    assert "2 secrets below our prefixes" in fault
    assert "vault-dr" in fault


def test_two_secrets_of_one_name_are_both_refused(world: World) -> None:
    """Unless one of them has the name already."""
    world.write("a/x")
    world.write("b/x")
    world.with_spec(name="{mount}/x")
    report = world.compare()

    assert report.differing == {"parked": 2}
    assert world.queued == []
    assert world.target.writes == []

    world.event("a/x")
    world.clock.advance(LATER)
    report = world.compare()
    assert report.differing == {"parked": 1}
    world.drain()
    assert world.target.secrets["kv/x"].tags["vault-path"] == "kv/a/x"


def test_two_rules_for_one_secret_both_stand_back(world: World) -> None:
    """In one account; a rule for another one acts."""
    elsewhere = replace(
        world.rules[0], name="copy", target=TargetSpec(region="eu-west-1")
    )
    again = replace(world.rules[0], name="again", include=("a*",))
    world.rules = (*world.rules, again, elsewhere)
    world.write("a")
    report = world.compare()

    assert report.differing == {"parked": 2, "create": 1}
    (fault,) = report.faults
    assert "all and again" in fault
    assert "a" in world.queued


@pytest.mark.parametrize("is_known", [True, False])
def test_what_two_rules_speak_for_is_left_in_aws(world: World, is_known: bool) -> None:
    """One of them had put it there; with the journal lost its tags tell."""
    world.fill("a", "b")
    again = replace(world.rules[0], name="again", include=("a*",))
    world.rules = (*world.rules, again)
    if not is_known:
        world.lose_journal()
    report = world.compare()

    assert report.differing == {"parked": 2}
    assert world.queued == []


def test_a_name_that_aws_cannot_hold_is_parked(world: World) -> None:
    """The worker writes it down once, and it is told each time."""
    world.write("x" * 600)
    world.write("a")
    report = world.compare()
    assert report.differing == {"parked": 1, "create": 1}
    world.drain()
    world.clock.advance(LATER)
    report = world.compare()

    assert report.differing == {"parked": 1}
    assert world.queued == []
    world.remove("x" * 600)
    world.compare()
    assert world.journal.known(ref("x" * 600)) == []
