"""What every ``Target`` does with all but the value: tags, text, copies, lists."""

from __future__ import annotations

import pytest

from receiver.core.state import Replica
from receiver.ports import Surprise, Target
from tests.conformance.worlds import ELSEWHERE, ONE, OURS, World, create, seen

pytest_plugins = ["tests.strict_aws.fixtures", "tests.conformance.world_fixtures"]


def test_tags_are_added_and_overwritten(target: Target) -> None:
    """Others stay."""
    arn = create(target)
    target.tag(arn, {"k": "w", "new": "x"})

    assert seen(target).tags == {"k": "w", "new": "x"}


def test_tags_are_removed(target: Target) -> None:
    """Those that are named; that one of them is not there does not matter."""
    arn = create(target, tags={"a": "1", "b": "2", "c": "3"})
    target.untag(arn, ["a", "c", "nothing"])

    assert seen(target).tags == {"b": "2"}


def test_a_secret_is_created_with_its_description(target: Target) -> None:
    """As the rule says."""
    create(target, description="what it is for")
    assert seen(target).description == "what it is for"


def test_a_description_changes_and_goes(target: Target) -> None:
    """Without a new version; None leaves it as it is."""
    arn = create(target, description="old")

    target.update(arn, description="new", kms_key_id=None)
    assert seen(target).description == "new"
    target.update(arn, description=None, kms_key_id="")
    assert seen(target).description == "new"
    target.update(arn, description="", kms_key_id=None)
    assert seen(target).description is None
    assert seen(target).stages == {ONE: ("AWSCURRENT",)}


def test_every_change_is_told(target: Target) -> None:
    """By the time of the last one, tags included."""
    arn = create(target)
    before = seen(target).changed_at
    target.tag(arn, {"new": "x"})
    after = seen(target).changed_at

    assert before is not None
    assert after is not None
    assert after > before


def test_what_we_manage_is_listed(target: Target) -> None:
    """All with the tag, whoever we are in it; no other; as described, less replicas."""
    create(target, "ours", tags=OURS, description="d")
    create(target, "theirs", tags={"managed-by": "somebody"})
    create(target, "unmanaged", tags={})
    create(target, "nearly", tags={"managed-by-hand": "x"})
    scheduled = create(target, "scheduled", tags=OURS)
    target.delete(scheduled, recovery_days=7)

    listed = dict(target.listing())
    assert set(listed) == {"ours", "theirs", "scheduled"}
    for name, observed in listed.items():
        described = seen(target, name)
        assert observed.replicas is None
        assert observed.tags == described.tags
        assert observed.stages == described.stages
        assert observed.description == described.description
        assert (observed.arn, observed.deleting) == (described.arn, described.deleting)
        assert observed.changed_at == described.changed_at


def test_nothing_is_listed_where_nothing_is(target: Target) -> None:
    """Empty, not None and no error."""
    assert list(target.listing()) == []


def test_a_secret_is_created_with_its_copies(target: Target) -> None:
    """In the Regions that the rule names."""
    create(target, replicas=(Replica(ELSEWHERE), Replica("eu-west-2")))
    replicas = seen(target).replicas

    assert replicas is not None
    assert set(replicas) == {Replica(ELSEWHERE), Replica("eu-west-2")}
    assert [copy.failed for copy in replicas] == [None, None]


def test_copies_come_and_go(target: Target) -> None:
    """Each Region by itself, and no version is made for it."""
    arn = create(target)
    target.replicate(arn, [Replica(ELSEWHERE), Replica("eu-west-2")])
    target.detach(arn, [ELSEWHERE])

    assert seen(target).replicas == (Replica("eu-west-2"),)
    assert seen(target).stages == {ONE: ("AWSCURRENT",)}


@pytest.mark.parametrize("recovery_days", [7, None])
def test_a_secret_with_copies_is_not_deleted(
    target: Target, recovery_days: int | None
) -> None:
    """A surprise; without them it is."""
    arn = create(target, replicas=(Replica(ELSEWHERE),))
    with pytest.raises(Surprise):
        target.delete(arn, recovery_days=recovery_days)
    assert not seen(target).deleting

    target.detach(arn, [ELSEWHERE])
    target.delete(arn, recovery_days=recovery_days)
    after = target.describe("a/b")
    assert after is None or after.deleting


def test_a_copy_can_fail(world: World) -> None:
    """The secret is there and says why; its copy can be removed like any other."""
    world.occupy("a/b")
    arn = create(world.target, replicas=(Replica(ELSEWHERE),))
    (copy,) = seen(world.target).replicas or ()

    assert (copy.region, copy.failed) == (ELSEWHERE, "NAME_EXISTS")
    world.target.detach(arn, [ELSEWHERE])
    assert seen(world.target).replicas == ()
