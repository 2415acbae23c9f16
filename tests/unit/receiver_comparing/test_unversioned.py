"""KV v1 has no versions: a listing tells keys, and a read alone tells values."""

from __future__ import annotations

from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Value
from tests.unit.receiver_comparing.conftest import LATER, REGION, World, ref


def test_values_without_versions_are_compared_when_due(world: World) -> None:
    """Else only keys are: what is new, and what is missing."""
    world.rules = (Rule(name="v1", mount="old", target=TargetSpec(region=REGION)),)
    for path in ("a", "b"):
        world.source.secrets[ref(path, "old")] = Value('{"n":1}')
    world.compare()
    world.drain()
    world.clock.advance(LATER)
    assert world.compare(values=False).differing == {}
    assert world.queued == []

    world.source.secrets[ref("a", "old")] = Value('{"n":2}')
    world.source.secrets[ref("c", "old")] = Value('{"n":1}')
    del world.source.secrets[ref("b", "old")]
    report = world.compare(values=False)
    assert report.differing == {"create": 1, "delete": 1}
    assert world.queued == ["b", "c"]

    world.compare(values=True)
    assert world.queued == ["a", "b", "c"]
    world.drain()
    assert world.target.secrets["old/a"].value == '{"n":2}'


def test_after_a_gap_values_without_versions_are_due(world: World) -> None:
    """A write may have been missed that no listing shows."""
    world.rules = (Rule(name="v1", mount="old", target=TargetSpec(region=REGION)),)
    world.source.secrets[ref("a", "old")] = Value('{"n":1}')
    world.compare()
    world.drain()
    world.clock.advance(LATER)
    world.journal.add_gap(["other/**"], "connection", None)
    world.compare(values=False, quick=True)
    assert world.queued == []

    world.journal.add_gap(["old"], "connection", None)
    world.compare(values=False, quick=True)
    assert world.queued == ["a"]


def test_a_value_without_version_that_was_edited_in_aws_is_put_back(
    world: World,
) -> None:
    """The journal says which version should be current."""
    world.rules = (Rule(name="v1", mount="old", target=TargetSpec(region=REGION)),)
    world.source.secrets[ref("a", "old")] = Value('{"n":1}')
    world.event_of(ref("a", "old"))
    world.clock.advance(LATER)
    secret = world.target.secrets["old/a"]
    world.target.put(secret.arn, body="theirs", version_id="x" * 32)
    report = world.compare(values=False)
    world.drain()

    assert report.differing == {"repair": 1}
    assert secret.value == '{"n":1}'
