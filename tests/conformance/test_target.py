"""What every ``Target`` does with a value, its labels, and the secret's end."""

from __future__ import annotations

import pytest

from receiver.core.rules import TargetSpec
from receiver.core.state import Replica
from receiver.ports import Surprise, Target, VersionIdTaken
from tests.conformance.worlds import ELSEWHERE, ONE, TWO, World, create, seen

pytest_plugins = ["tests.strict_aws.fixtures", "tests.conformance.world_fixtures"]


def current(target: Target, name: str = "a/b") -> str | None:
    """The version id that is current."""
    return seen(target, name).current


def test_what_is_not_there_is_none(target: Target) -> None:
    """Absent, by name and by ARN."""
    assert target.describe("nothing") is None


def test_what_was_created_can_be_described(target: Target) -> None:
    """By name and by ARN; our token is its version id."""
    arn = create(target)
    observed = seen(target)

    assert observed == target.describe(arn)
    assert observed.arn == arn
    assert observed.tags == {"k": "v"}
    assert observed.stages[ONE] == ("AWSCURRENT",)
    assert not observed.deleting
    assert not observed.rotated
    assert observed.owning_service is None
    assert (observed.description, observed.kms_key_id) == (None, None)
    assert observed.replicas == ()
    assert observed.changed_at is not None


def test_creating_again_is_safe(target: Target) -> None:
    """The same call once more changes nothing; another value is a surprise."""
    assert create(target) == create(target)
    with pytest.raises(Surprise):
        target.create("a/b", body="2", version_id=TWO, spec=TargetSpec(), tags={})


def test_a_put_becomes_current(target: Target) -> None:
    """And the one before it the previous one."""
    arn = create(target)

    assert target.put(arn, body="2", version_id=TWO)
    observed = seen(target)
    assert observed.current == TWO
    assert observed.stages[ONE] == ("AWSPREVIOUS",)


def test_the_same_put_again_changes_nothing(target: Target) -> None:
    """So a call whose answer was lost can be repeated."""
    arn = create(target)

    assert target.put(arn, body="2", version_id=TWO)
    assert target.put(arn, body="2", version_id=TWO)
    assert current(target) == TWO


def test_a_version_id_never_gets_other_bytes(target: Target) -> None:
    """The caller takes the next nonce."""
    arn = create(target)

    with pytest.raises(VersionIdTaken):
        target.put(arn, body="other", version_id=ONE)


def test_putting_an_old_version_does_not_make_it_current(target: Target) -> None:
    """False, and the label must be moved."""
    arn = create(target)
    target.put(arn, body="2", version_id=TWO)

    assert not target.put(arn, body="1", version_id=ONE)
    assert current(target) == TWO

    target.make_current(arn, version_id=ONE, instead_of=TWO)
    assert current(target) == ONE


def test_a_label_that_somebody_moved_is_a_surprise(target: Target) -> None:
    """AWSCURRENT was not where we thought."""
    arn = create(target)
    target.put(arn, body="2", version_id=TWO)

    with pytest.raises(Surprise):
        target.make_current(arn, version_id=ONE, instead_of=ONE)


def test_a_deletion_is_scheduled_and_undone(target: Target) -> None:
    """While it is scheduled the secret is described with its versions."""
    arn = create(target)
    target.delete(arn, recovery_days=7)
    observed = seen(target)

    assert observed.deleting
    assert observed.current == ONE

    target.restore(arn)
    assert target.put(arn, body="2", version_id=TWO)


def test_a_deletion_at_once_leaves_nothing(target: Target) -> None:
    """And the name is free for another secret, with another ARN."""
    arn = create(target)
    target.delete(arn, recovery_days=None)

    assert target.describe("a/b") is None
    assert create(target) != arn


def test_calls_for_what_is_gone_are_surprises(target: Target) -> None:
    """The caller looks again."""
    arn = create(target)
    target.delete(arn, recovery_days=None)

    with pytest.raises(Surprise):
        target.put(arn, body="2", version_id=TWO)
    with pytest.raises(Surprise):
        target.tag(arn, {"a": "b"})
    with pytest.raises(Surprise):
        target.restore(arn)
    with pytest.raises(Surprise):
        target.delete(arn, recovery_days=7)
    target.delete(arn, recovery_days=None)


def test_a_name_can_stay_taken_after_a_deletion_at_once(world: World) -> None:
    """A surprise, and still nothing is described; some time later it is free."""
    target = world.target
    target.delete(create(target), recovery_days=None)
    world.keep_names(1)

    with pytest.raises(Surprise):
        create(target)
    assert target.describe("a/b") is None
    assert create(target)


def test_a_scheduled_secret_is_not_touched(target: Target) -> None:
    """Every call for it is a surprise until it is restored, a create too."""
    arn = create(target)
    target.delete(arn, recovery_days=7)

    for call in (
        lambda: create(target),
        lambda: target.put(arn, body="2", version_id=TWO),
        lambda: target.make_current(arn, version_id=ONE, instead_of=ONE),
        lambda: target.tag(arn, {"a": "b"}),
        lambda: target.untag(arn, ["k"]),
        lambda: target.update(arn, description="d", kms_key_id=None),
        lambda: target.replicate(arn, [Replica(ELSEWHERE)]),
        lambda: target.delete(arn, recovery_days=7),
    ):
        with pytest.raises(Surprise):
            call()
    assert seen(target).tags == {"k": "v"}
