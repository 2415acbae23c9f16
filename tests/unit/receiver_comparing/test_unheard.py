"""Where a side cannot be heard, or rather lies: nothing is concluded from that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.rules import TargetSpec
from receiver.core.scope import Scope
from receiver.core.state import State, Value
from tests.unit.receiver_comparing.conftest import LATER, World, ref


def test_no_orphan_is_found_while_a_mount_cannot_be_heard(world: World) -> None:
    """It may belong there."""
    world.fill("a")
    world.lose_journal()
    world.source.failure = Temporary(Cause.VAULT_SEALED, "list: Vault answered 503")
    report = world.compare()

    assert report.differing == {}
    assert list(world.journal.entries()) == []


def test_with_another_key_nothing_is_queued(world: World) -> None:
    """Rather our keys are wrong than all the seals."""
    world.fill("a", "b", "c", "d")
    world.write("e")
    world.keys = ("n" * 32,)
    world.compare()

    assert world.queued == []
    assert world.comparison.keys_unknown


def test_with_the_former_key_back_it_goes_on(world: World) -> None:
    """What it made is made anew with the first one, in time."""
    world.fill("a", "b", "c", "d")
    world.keys = ("n" * 32,)
    world.compare()
    world.keys = ("n" * 32, "k" * 32)
    report = world.compare()

    assert not world.comparison.keys_unknown
    assert report.differing == {"update": 4}


def test_two_seals_with_another_key_are_no_lost_key(world: World) -> None:
    """They are put right."""
    world.fill("a", "b")
    world.keys = ("n" * 32,)
    report = world.compare()

    assert not world.comparison.keys_unknown
    assert report.differing == {"repair": 2}


@pytest.mark.parametrize("how", ["deleted", "kept out", "excluded"])
def test_what_nobody_writes_any_more_tells_nothing_of_our_keys(
    world: World, how: str
) -> None:
    """It keeps the seal of a former key, which may be thrown away all the same."""
    left = [f"old/{number}" for number in range(5)]
    world.fill("a", *left)
    for path in left:
        if how == "deleted":
            world.delete(path)
        elif how == "kept out":
            world.write(path, custom_metadata={"replicate": "false"})
    if how == "excluded":
        world.rules = (replace(world.rules[0], exclude=("old/**",)),)
    for keys in (("n" * 32, "k" * 32), ("n" * 32,)):
        world.keys = keys
        world.compare()
        world.drain()
        world.clock.advance(LATER)

    report = world.compare()

    assert not world.comparison.keys_unknown
    assert report.faults == ()
    world.compare(scope=Scope(path="kv/a"))
    assert not world.comparison.keys_unknown


def test_an_emptied_listing_holds_what_it_would_delete(world: World) -> None:
    """A restored snapshot, another cluster: held and told, and nothing else fails.
    When the keys are back, all is as before, without a write."""
    world.fill("a", "b")
    kept = dict(world.source.secrets)
    world.source.secrets.clear()
    report = world.compare()

    assert report.failures == ()
    assert report.differing == {"held": 2}
    assert world.queued == []
    assert {entry.state for entry in world.journal.entries()} == {State.HELD}
    assert world.entry("a").cause == Cause.EMPTY_LISTING
    assert world.compare().differing == {"held": 2}

    world.source.secrets.update(kept)
    assert world.compare().differing == {}
    assert {entry.state for entry in world.journal.entries()} == {State.IN_SYNC}
    assert world.target.writes == []


def test_an_emptied_listing_deletes_nothing_with_the_journal_lost(
    world: World,
) -> None:
    """Though the tags say where the secrets belonged."""
    world.fill("a")
    world.lose_journal()
    world.source.secrets.clear()
    report = world.compare()

    assert report.differing == {"held": 1}
    assert world.queued == []
    assert world.entry("a").state is State.HELD


def test_a_mount_that_fails_does_not_stop_the_others(world: World) -> None:
    """Its failure is named, its secrets are no differences, and the gap stays."""
    world.rules = (replace(world.rules[0], mount="kv*"),)
    world.fill("a")
    world.source.secrets[ref("b", "kv2")] = Value("{}", 1, world.moment(-60))
    listing = world.source.versions

    def failing(namespace: str, mount: str) -> object:
        if mount == "kv":
            raise Permanent(Cause.VAULT_FORBIDDEN, "list: Vault answered 403")
        return listing(namespace, mount)

    world.source.versions = failing  # type: ignore[method-assign,assignment]  # one mount is denied
    world.journal.add_gap(["**"], "connection", None)
    report = world.compare()

    assert world.queued == ["b"]
    assert report.differing == {"create": 1}
    assert report.failures == ("kv: list: Vault answered 403 [VAULT_FORBIDDEN]",)
    assert len(world.journal.gaps()) == 1


def test_half_a_listing_is_no_listing(world: World) -> None:
    """What came before the failure is not heard either."""
    world.fill("a", "b")
    listing = world.source.versions

    def torn(namespace: str, mount: str) -> object:
        yield next(iter(listing(namespace, mount)))
        raise Temporary(Cause.VAULT_SEALED, "list: Vault answered 503")

    world.source.versions = torn  # type: ignore[method-assign,assignment]  # it seals under way
    report = world.compare()

    assert report.differing == {}
    assert world.queued == []


def test_a_mount_that_vanished_is_told_of(world: World) -> None:
    """Under a glob it is no failure: what was there is orphaned."""
    world.rules = (replace(world.rules[0], mount="kv*"),)
    world.source.secrets[ref("b", "kv2")] = Value("{}", 1, world.moment(-60))
    world.fill("a")
    world.event_of(ref("b", "kv2"))
    world.clock.advance(LATER)
    world.source.drop_mount("", "kv2")
    report = world.compare()

    assert report.differing == {"orphaned": 1}
    assert world.queued == []
    (orphan,) = world.journal.known(ref("b", "kv2"))
    assert (orphan.state, orphan.cause) == (State.ORPHANED, Cause.MOUNT_UNKNOWN)
    assert report.failures == ()
    assert "kv2: this mount is not there any more; its 1 secrets" in report.faults[0]


def test_one_account_that_fails_does_not_stop_the_others(world: World) -> None:
    """AWS away, or a role that may not be assumed."""
    world.fill("a")
    other = TargetSpec(region="eu-west-1", role_arn="arn:aws:iam::1:role/r")
    world.rules = (*world.rules, replace(world.rules[0], name="copy", target=other))
    world.write("a", 2)
    failure = Permanent(Cause.AWS_DENIED, "AssumeRole: AccessDenied")
    with world.target_of(other).failing("listing", failure):
        report = world.compare()

    assert world.queued == ["a"]
    assert report.differing == {"update": 1}
    assert "AWS eu-west-1" in report.failures[0]


def test_a_gap_is_cleared_by_a_run_that_began_after_it(world: World) -> None:
    """And one that comes during the run waits for the next."""
    world.journal.add_gap(["**"], "connection", None)
    listing = world.source.versions

    def meanwhile(namespace: str, mount: str) -> object:
        world.journal.add_gap(["**"], "overflow", None)
        return listing(namespace, mount)

    world.source.versions = meanwhile  # type: ignore[method-assign,assignment]  # a gap in between
    world.compare()

    assert [gap.reason for gap in world.journal.gaps()] == ["overflow"]


def test_a_run_over_a_part_touches_nothing_else(world: World) -> None:
    """And clears no gap."""
    world.journal.add_gap(["**"], "connection", None)
    for path in ("team/a", "team/b", "other"):
        world.write(path)
    world.compare(scope=Scope(path="team/*"))
    assert world.queued == ["team/a", "team/b"]
    assert len(world.journal.gaps()) == 1

    world.drain()
    world.lose_journal()
    world.compare(scope=Scope(mount="kv2"))
    assert list(world.journal.entries()) == []
