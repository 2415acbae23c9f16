"""What a person is shown before anything is done."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.rules import Rule, TargetSpec
from receiver.core.scope import Scope
from receiver.core.state import Gone, State, Value
from tests.fake_target import Secret
from tests.unit.receiver_comparing.conftest import LATER, REGION, World, ref


def test_a_plan_tells_everything_and_changes_nothing(world: World) -> None:
    """One of each kind, with versions on both sides and how long ago."""
    world.fill("deleted", "edited", "orphan", "restored", "same", "updated")
    world.write("created", age=125)
    world.write("updated", 2, age=41)
    world.delete("deleted", age=12 * 60)
    world.secret("restored").deleting = True
    world.target.put(world.secret("edited").arn, body="x", version_id="x" * 32)
    world.secret("edited").changed_at = world.clock.now() - 7300
    world.write("taken")
    theirs = Secret("arn-x", {"team": "theirs"}, {"x": "y"}, {"AWSCURRENT": "x"})
    world.target.secrets["kv/taken"] = theirs
    world.write("n" * 600)
    world.rules = (replace(world.rules[0], exclude=("orphan",)),)
    before = list(world.journal.entries())
    world.forget_calls()
    plan = world.plan()

    assert world.shown(plan) == {
        "created": "create",
        "updated": "update",
        "edited": "repair",
        "restored": "restore",
        "deleted": "delete",
        "taken": "conflict",
        "n" * 600: "parked",
        "orphan": "orphaned",
    }
    assert plan["summary"] == {
        "create": 1, "update": 1, "restore": 1, "repair": 1, "delete": 1,
        "conflict": 1, "parked": 1, "held": 0, "orphaned": 1, "unchanged": 1,
    }  # fmt: skip
    assert world.reason(plan, "created") == "written 2 min ago"
    assert world.reason(plan, "updated") == "AWS is 41 s behind"
    assert world.reason(plan, "deleted") == "deleted in Vault 12 min ago"
    assert "2 h ago" in world.reason(plan, "edited")
    assert plan["faults"] == []
    assert world.target.writes == []
    assert world.queued == []
    assert list(world.journal.entries()) == before
    assert "theirs" not in json.dumps(plan)


def test_the_document_is_what_programs_read(world: World) -> None:
    """Its keys are fixed."""
    world.fill("a", "b")
    world.write("a", 2)
    world.delete("b")
    plan = world.plan()

    assert plan.keys() == {
        "format_version", "id", "at", "source", "scope", "summary", "changes",
        "brake", "rules", "calls", "seconds", "faults", "warnings",
    }  # fmt: skip
    change = {key: plan["changes"][0][key] for key in plan["changes"][0]}
    assert change == {
        "action": "update", "namespace": "", "mount": "kv", "path": "a",
        "name": "kv/a", "region": REGION, "rule": "all", "from": "v1", "to": "v2",
        "reason": "AWS is 1 min behind", "cause": None,
    }  # fmt: skip
    assert plan["rules"] == [
        {"name": "all", "mount": "kv", "template": "{mount}/{path}",
         "on_delete": "schedule"}
    ]  # fmt: skip
    assert plan["brake"] == [
        {"rule": "all", "deletes": 1, "held": 0, "made": 0, "population": 2,
         "limit": "limit 50, or 10 % and 10"}
    ]  # fmt: skip
    assert json.loads(json.dumps(plan)) == plan


def test_equal_plans_have_one_id(world: World) -> None:
    """Whenever they were made; and others another one."""
    world.fill("a")
    world.write("a", 2)
    first = world.plan()
    world.clock.advance(3600)
    again = world.plan()
    assert again["id"] == first["id"]
    assert again["changes"][0]["reason"] != first["changes"][0]["reason"]
    assert len(first["id"]) == 12

    world.write("a", 3)
    assert world.plan()["id"] != first["id"]


def test_what_is_late_in_a_listing_is_no_change(world: World) -> None:
    """Creates, repairs and deletes are asked for once more before they are told."""
    world.fill("a", "b", "c")
    listing = world.source.versions

    def stale(namespace: str, mount: str) -> object:
        for one, truth in listing(namespace, mount):
            yield one, Gone(1, truth.created_time) if one.path == "b" else truth

    world.source.versions = stale  # type: ignore[method-assign,assignment]  # one node is behind
    assert world.shown(world.plan()) == {}

    world.target.shown = []
    assert world.shown(world.plan()) == {}


def test_what_we_did_a_minute_ago_is_no_change(world: World) -> None:
    """AWS's listing may still show it as it was, with other tags or about to end."""
    world.fill("a", "b")
    value = world.source.secrets[ref("a")]
    world.delete("a")
    world.event("a")
    world.target.freeze()
    world.source.secrets[ref("a")] = value
    world.with_spec(tags={"team": "platform"})
    world.event("a")
    world.event("b")
    world.clock.advance(60)

    assert world.shown(world.plan()) == {}


def test_a_mount_that_was_made_anew_deletes_nothing(world: World) -> None:
    """Its secrets are not there because nobody has written them yet."""
    world.fill("a", "b")
    entry = world.entry("a")
    of_former = replace(entry, accessor="kv_former")
    assert world.journal.record(of_former, expected=entry)
    gone = replace(Gone(), accessor="kv_1")
    world.source.secrets[ref("a")] = gone
    plan = world.plan()

    assert world.shown(plan) == {"a": "held"}
    assert plan["changes"][0]["cause"] == "MOUNT_REPLACED"


def test_what_cannot_be_confirmed_is_said_so(world: World) -> None:
    """It stays in the plan as the listings show it."""
    world.write("a")
    denied = Permanent(Cause.AWS_DENIED, "DescribeSecret: AccessDenied")
    with world.target.failing("describe", denied):
        plan = world.plan()

    assert world.shown(plan) == {"a": "create"}
    assert "not confirmed" in plan["faults"][0]


def test_deletes_beyond_the_brake_are_shown_as_held(world: World) -> None:
    """With the arithmetic; those made within the hour count."""
    paths = [f"s{number:02}" for number in range(30)]
    world.fill(*paths)
    for path in paths[:4]:
        world.delete(path)
        world.event(path)
    world.clock.advance(LATER)
    for path in paths[4:14]:
        world.delete(path)
    plan = world.plan()

    assert plan["summary"]["delete"] == 6
    assert plan["summary"]["held"] == 4
    (line,) = plan["brake"]
    assert (line["made"], line["deletes"], line["held"]) == (4, 10, 4)
    assert line["population"] == 30
    held = [one for one in plan["changes"] if one["action"] == "held"]
    assert {one["cause"] for one in held} == {"BRAKE"}
    assert "11 deletes of 30 within the hour" in held[0]["reason"]


def test_where_deletes_are_held_all_later_ones_are(world: World) -> None:
    """Until somebody has looked."""
    paths = [f"s{number:02}" for number in range(30)]
    world.fill(*paths)
    entry = world.entry("s00")
    held = replace(entry, state=State.HELD, cause=Cause.BRAKE, detail="too many")
    assert world.journal.record(held, expected=entry)
    world.delete("s00")
    world.delete("s01")
    plan = world.plan()

    assert plan["summary"]["held"] == 2
    assert world.reason(plan, "s01") == "1 deletes are held under this rule already"


def test_with_the_journal_lost_the_brake_counts_what_aws_lists(world: World) -> None:
    """Else the first deletes would look like all there is."""
    paths = [f"s{number:03}" for number in range(150)]
    world.fill(*paths)
    world.lose_journal()
    for path in paths[:12]:
        world.delete(path)
    plan = world.plan()

    assert plan["summary"]["delete"] == 12
    assert plan["brake"][0]["population"] == 138 + 12


@pytest.mark.parametrize(
    "edit", [{"format_key": "n"}, {"name": "new/{path}"}], ids=["format", "name"]
)
def test_an_edit_that_rewrites_many_is_held(world: World, edit: dict[str, Any]) -> None:
    """Told with its reason and what to do; for few it is just done."""
    paths = [f"s{number:02}" for number in range(20)]
    world.fill(*paths)
    rule = world.rules[0]
    target = replace(rule.target, **edit)
    few = replace(rule, name="few", include=("s0*",), target=target)
    rest = replace(rule, exclude=("s0*",))
    world.rules = (few, rest)
    assert world.plan()["summary"]["held"] == 0

    world.rules = (replace(rule, target=target),)
    plan = world.plan()
    assert plan["summary"]["held"] == 20
    assert {one["cause"] for one in plan["changes"] if one["action"] == "held"} == {
        "MANY_REWRITES"
    }
    assert "would rewrite 20 of 20 secrets" in plan["faults"][0]
    assert "--if-plan" in plan["faults"][0]

    report = world.compare()
    assert world.queued == []
    assert report.held == 20
    assert {entry.state for entry in world.journal.entries()} == {State.IN_SYNC}

    world.lose_journal()
    assert world.plan()["summary"]["held"] == 20


def test_a_plan_over_a_part_says_which(world: World) -> None:
    """And tells of nothing else."""
    world.write("team/a")
    world.write("b")
    scope = Scope(rule="all", path="kv/team/**")
    plan = world.plan(scope)

    assert world.shown(plan) == {"team/a": "create"}
    assert plan["scope"] == {
        "rule": "all", "namespace": None, "mount": None, "path": "kv/team/**",
    }  # fmt: skip
    assert world.shown(world.plan(Scope(rule="other"))) == {}


def test_a_plan_of_nothing_that_could_be_heard_is_no_plan(world: World) -> None:
    """Not an empty one."""
    world.write("a")
    world.source.failure = Temporary(Cause.VAULT_SEALED, "list: Vault answered 503")
    with pytest.raises(Temporary):
        world.plan()

    world.source.failure = None
    denied = Permanent(Cause.AWS_DENIED, "ListSecrets: AccessDenied")
    with world.target.failing("listing", denied), pytest.raises(Permanent):
        world.plan()


def test_unwise_names_are_warned_of(world: World) -> None:
    """AWS takes them, and finds them badly."""
    world.write("db-abc123")
    plan = world.plan()

    assert "kv/db-abc123" in plan["warnings"][0]


def test_values_without_versions_are_read_only_where_nothing_else_tells(
    world: World,
) -> None:
    """What the journal knows is compared by its version id."""
    world.rules = (Rule(name="v1", mount="old", target=TargetSpec(region=REGION)),)
    for path in ("a", "b"):
        world.source.secrets[ref(path, "old")] = Value('{"n":1}')
        world.event_of(ref(path, "old"))
    world.clock.advance(LATER)
    world.source.secrets[ref("a", "old")] = Value('{"n":2}')
    plan = world.plan()
    assert world.shown(plan) == {}
    assert "2 secrets are on mounts without versions" in plan["warnings"][0]

    world.lose_journal()
    assert world.shown(world.plan()) == {"a": "update"}


def test_lost_keys_are_the_only_thing_told(world: World) -> None:
    """A plan that repairs everything would be worse than none."""
    world.fill("a", "b", "c")
    world.keys = ("n" * 32,)
    plan = world.plan()

    assert plan["changes"] == []
    assert "fingerprint key changed or lost: 3 of 3" in plan["faults"][0]


def test_of_very_many_only_the_first_are_confirmed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the plan says so."""
    monkeypatch.setattr("receiver.comparison.confirm.MOST", 3)
    for number in range(5):
        world.write(f"s{number}")
    plan = world.plan()

    assert plan["summary"]["create"] == 5
    assert world.target.calls.count("describe") == 3
    assert "of 5 changes only 3 were confirmed" in plan["warnings"][0]
