"""The comparison with AWS: what it proves, what it queues, and what it leaves alone."""

from __future__ import annotations

import pytest

from receiver.core.causes import Cause
from receiver.core.fingerprint import RELEASED, SEAL
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Decision, Lane, Mount, Replica, State, Value
from tests.fake_target import Secret
from tests.unit.receiver_comparing.conftest import LATER, REGION, World, ref


def test_what_agrees_costs_one_listing(world: World) -> None:
    """Nothing is queued, and AWS is asked for nothing else."""
    world.fill("a", "b")
    report = world.compare()

    assert world.queued == []
    assert report.compared == 2
    assert report.differing == {}
    assert world.target.calls == ["listing"]


def test_a_lost_journal_is_rebuilt_from_the_listing(world: World) -> None:
    """No value is read, nothing is written to AWS, and nothing is queued."""
    world.fill("a", "b")
    before = {e.ref: (e.arn, e.version_id) for e in world.journal.entries()}
    world.lose_journal()
    asked = world.source.asked
    report = world.compare()

    assert world.queued == []
    assert report.differing == {}
    assert world.target.calls == ["listing"]
    assert world.source.asked == asked + 1
    after = {e.ref: (e.arn, e.version_id) for e in world.journal.entries()}
    assert after == before
    assert {entry.state for entry in world.journal.entries()} == {State.IN_SYNC}


def test_a_write_that_was_not_recorded_is_recorded_now(world: World) -> None:
    """A crash between AWS's answer and the journal."""
    world.fill("a")
    old = world.entry("a")
    world.write("a", 2)
    world.event("a")
    world.journal.forget(old)
    assert world.journal.record(old, expected=None)
    world.clock.advance(LATER)
    world.forget_calls()
    world.compare()

    assert world.queued == []
    assert world.entry("a").version == 2
    assert world.target.writes == []


def test_what_only_the_rule_says_of_the_end_is_recorded(world: World) -> None:
    """The way a secret is to end shows nowhere in AWS."""
    world.fill("a")
    world.with_spec(on_delete="retain")
    world.compare()

    assert world.queued == []
    assert '"on_delete":"retain"' in (world.entry("a").attributes or "")


def test_a_worker_that_was_faster_knows_better(world: World) -> None:
    """What it recorded while the listing was read is not overwritten."""
    world.fill("a")
    world.journal.forget(world.entry("a"))
    listing = world.target.listing

    def meanwhile() -> object:
        shown = list(listing())
        world.write("a", 2)
        world.event("a")
        return iter(shown)

    world.target.listing = meanwhile  # type: ignore[method-assign,assignment]  # a change in between
    world.compare()

    assert world.entry("a").version == 2


def test_new_versions_are_queued_without_doubt(world: World) -> None:
    """AWS is what the journal says, so the worker need not ask it."""
    world.fill("a")
    world.write("a", 2)
    report = world.compare()

    (hint,) = world.queue.hints
    assert (hint.lane, hint.doubt) == (Lane.RECONCILE, False)
    assert report.differing == {"update": 1}

    world.drain()
    assert world.target.calls == ["listing", "put"]


@pytest.mark.parametrize("kind", ["edited", "deleted", "gone", "unsealed", "untagged"])
def test_what_somebody_did_in_aws_is_looked_at_with_doubt(
    world: World, kind: str
) -> None:
    """The journal alone would not see it; then it is put back."""
    world.with_spec(tags={"team": "platform"})
    world.fill("a")
    secret, wanted = world.secret("a"), world.entry("a").version_id
    if kind == "edited":
        world.target.put(secret.arn, body="theirs", version_id="x" * 32)
    elif kind == "deleted":
        secret.deleting = True
    elif kind == "gone":
        del world.target.secrets["kv/a"]
    elif kind == "unsealed":
        secret.tags[SEAL] = "forged"
    else:
        del secret.tags["team"]
    world.compare()

    (hint,) = world.queue.hints
    assert hint.doubt
    world.drain()
    world.clock.advance(LATER)
    assert world.compare().differing == {}
    assert world.secret("a").value == '{"n":"1"}'
    assert not world.secret("a").deleting
    if kind != "unsealed":
        assert world.secret("a").stages["AWSCURRENT"] == wanted


def test_a_listing_that_lags_is_not_believed(world: World) -> None:
    """What was applied within five minutes may not show yet: AWS is asked for that
    very secret, and nothing is written."""
    world.fill("a", "b", "d")
    world.target.freeze()
    world.write("a", 2)
    world.write("c")
    world.delete("d")
    for path in ("a", "c", "d"):
        world.event(path)
    world.forget_calls()
    assert world.shown(world.plan()) == {}

    world.compare()
    assert world.queued == ["a", "c", "d"]
    assert all(hint.doubt for hint in world.queue.hints)
    world.drain()
    assert world.target.writes == []


@pytest.mark.parametrize("after", [LATER, 0.0])
def test_another_arn_is_looked_at(world: World, after: float) -> None:
    """It may be somebody else's secret by now."""
    world.fill("a")
    world.write("a", 2)
    world.event("a")
    world.clock.advance(after)
    world.secret("a").arn = "arn:made-anew"
    report = world.compare()

    assert report.differing == {"repair": 1}
    world.drain()
    assert world.entry("a").arn == "arn:made-anew"


def event_while_listing(world: World) -> None:
    """From now on a listing of Vault is followed by a write of ``a`` and its event."""
    listing = world.source.versions

    def stale(namespace: str, mount: str) -> object:
        shown = list(listing(namespace, mount))
        world.write("a", 2)
        world.event("a")
        return iter(shown)

    world.source.versions = stale  # type: ignore[method-assign,assignment]  # a change in between


def test_what_is_brought_up_to_date_meanwhile_is_left_alone(world: World) -> None:
    """Vault's listing was read before the event came."""
    world.fill("a")
    event_while_listing(world)
    report = world.compare()

    assert world.queued == []
    assert report.differing == {}


def test_of_what_is_brought_meanwhile_all_but_the_value_is_compared(
    world: World,
) -> None:
    """The worker had no reason to ask AWS, and so does not know what somebody did."""
    world.fill("a")
    del world.secret("a").tags[SEAL]
    event_while_listing(world)
    report = world.compare()
    assert SEAL not in world.secret("a").tags
    world.drain()

    assert report.differing == {}
    assert SEAL in world.secret("a").tags


def test_deletes_are_queued_and_confirmed_by_the_worker(world: World) -> None:
    """Neither the mark in a listing nor its silence deletes anything by itself."""
    world.fill("a", "b", "c")
    world.delete("a")
    world.remove("b")
    assert world.compare().differing == {"delete": 2}

    assert world.queued == ["a", "b"]
    assert world.target.writes == []
    world.drain()
    assert world.secret("a").deleting
    assert world.secret("b").deleting


def test_with_the_journal_lost_what_vault_forgot_is_still_deleted(
    world: World,
) -> None:
    """Its tags say where it belonged, and the worker asks Vault itself."""
    world.fill("a", "b")
    world.lose_journal()
    world.remove("a")
    world.compare()

    assert world.queued == ["a"]
    world.drain()
    assert world.secret("a").deleting


def test_stuck_work_is_tried_again_each_time(world: World) -> None:
    """And told with its cause."""
    world.write("a", body='{"a":"' + "x" * 70_000 + '"}')
    world.write("b")
    world.target.secrets["kv/b"] = Secret("arn-b", {}, {"x": "y"}, {"AWSCURRENT": "x"})
    world.compare()
    world.drain()
    report = world.compare()

    assert world.entry("a").cause == Cause.VALUE_TOO_LARGE
    assert world.queued == ["a", "b"]
    assert report.differing == {"parked": 1, "conflict": 1}


def test_a_decision_that_waits_is_carried_out(world: World) -> None:
    """The order was written down, and then the process died."""
    world.fill("a", "b")
    world.journal.decide([world.entry("a")], Decision.RELEASE, "oncall")
    world.compare()
    world.drain()

    assert RELEASED in world.secret("a").tags
    assert world.entry("a").cause == Cause.RELEASED


def test_copies_are_looked_after_when_the_rule_names_others(world: World) -> None:
    """A listing does not tell of them, so AWS is asked."""
    world.fill("a")
    world.with_spec(replicas=(Replica("eu-west-1"),))
    assert world.compare().differing == {"update": 1}
    world.drain()
    assert world.secret("a").replicas.keys() == {"eu-west-1"}

    world.clock.advance(LATER)
    assert world.compare().differing == {}


def test_several_namespaces_are_told_apart(world: World) -> None:
    """A glob over both, and the same path in each."""
    world.source.add_mount(Mount("team", "kv", 2, "kv_9"))
    spec = TargetSpec(region=REGION, name="{namespace}/{mount}/{path}")
    world.rules = (Rule(name="all", namespace="**", mount="kv", target=spec),)
    world.write("a")
    world.source.secrets[ref("a", "kv", "team")] = Value("{}", 1, world.moment(-60))
    world.compare()
    world.drain()

    assert world.target.secrets.keys() == {"kv/a", "team/kv/a"}
    world.clock.advance(LATER)
    assert world.compare().differing == {}
