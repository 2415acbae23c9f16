"""retry, adopt and release: what each is about, and what is on disk when it answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from receiver.core.causes import Cause, Temporary
from receiver.core.naming import MAX_NAME
from receiver.core.state import Decision, Entry, Hint, Lane, Mount, SecretRef, State
from receiver.ports import JournalUnavailable
from receiver.web.app import create_app
from tests.fakes import FakeJournal
from tests.unit.receiver_web.conftest import MOUNTS, World

EVERY = ["retry", "adopt", "release"]
TEAM = {"rule": "team", "ref": SecretRef("team", "old", "t"), "name": "old/t"}


def order(world: World, verb: str, **body: Any) -> httpx.Response:
    return world.request("POST", f"/v1/{verb}", token="admin-token", json=body)


def fill(world: World) -> None:
    """One secret in each state, named by it; two that were released; one of team."""
    for state in State:
        cause = {State.PARKED: "KMS_DENIED", State.CONFLICT: "CONFLICT_FOREIGN"}
        world.enter(state, state, cause=cause.get(state))
    world.enter("absent", State.PARKED, arn=None, cause="VALUE_TOO_LARGE")
    world.enter("released", State.ORPHANED, cause="RELEASED")
    world.enter("t", State.CONFLICT, **TEAM, cause="CONFLICT_FOREIGN")


def paths(answer: httpx.Response) -> list[str]:
    return sorted(item["path"] for item in answer.json()["items"])


def decided(world: World) -> dict[str, Decision]:
    return {
        entry.ref.path: entry.decision
        for entry in world.journal.entries()
        if entry.decision is not None
    }


def untouched(world: World) -> bool:
    """Nothing decided, nothing queued, nothing written down."""
    deeds = world.journal.deeds(before=None, limit=9)
    return not (decided(world) or world.queue.hints or deeds)


class TestWhichOnes:
    @pytest.mark.parametrize(
        ("verb", "meant"),
        [
            ("retry", ["absent", "conflict", "drifted", "held", "parked", "t"]),
            ("adopt", ["conflict", "released", "t"]),
            (
                "release",
                ["drifted", "held", "in_sync", "orphaned", "parked", "pending"],
            ),
        ],
    )
    def test_all(self, world: World, verb: str, meant: list[str]) -> None:
        """Of all secrets each order is about those that it can mean something to."""
        fill(world)

        assert paths(order(world, verb, all=True)) == meant

    @pytest.mark.parametrize(
        ("body", "meant"),
        [
            ({"rule": "team"}, ["t"]),
            ({"rule": "hybrid"}, ["conflict", "released"]),
            ({"cause": "RELEASED"}, ["released"]),
            ({"rule": "team", "cause": "RELEASED"}, []),
            ({"all": True, "mount": "/old/"}, ["t"]),
            ({"all": True, "namespace": ""}, ["conflict", "released"]),
            ({"all": True, "rule": "team"}, ["t"]),
            ({"path": "kv/conflict"}, ["conflict"]),
            ({"path": "conflict", "mount": "kv/"}, ["conflict"]),
            ({"path": "old/t", "namespace": "team/"}, ["t"]),
            ({"path": "kv/conflict", "cause": "RELEASED"}, []),
            ({"path": "kv/conflict", "rule": "team"}, []),
        ],
    )
    def test_chosen(self, world: World, body: dict[str, Any], meant: list[str]) -> None:
        """Rule, cause, path, mount and namespace choose, and together they narrow."""
        fill(world)

        assert paths(order(world, "adopt", **body)) == meant
        assert sorted(decided(world)) == meant

    def test_an_item(self, world: World) -> None:
        """What the order is about is listed, with what is the matter."""
        world.enter("a", State.CONFLICT, cause="CONFLICT_FOREIGN")

        assert order(world, "adopt", all=True).json() == {
            "format_version": 1,
            "count": 1,
            "items": [
                {
                    "namespace": "", "mount": "kv", "path": "a", "rule": "hybrid",
                    "name": "kv/a", "state": "conflict", "cause": "CONFLICT_FOREIGN",
                }
            ],
            "more": False,
            "dry_run": False,
        }  # fmt: skip

    def test_more_than_can_be_listed(self, world: World) -> None:
        """All are decided, a thousand are listed, and that there are more is said."""
        for number in range(1003):
            world.enter(f"{number}", State.CONFLICT)
        answer = order(world, "adopt", all=True).json()

        assert (answer["count"], len(answer["items"])) == (1003, 1000)
        assert answer["more"] is True
        assert len(decided(world)) == len(world.queue.hints) == 1003
        urgent = [hint for hint in world.queue.hints if hint.lane is Lane.EVENT]
        assert len(urgent) == 100


class TestOnePath:
    @pytest.mark.parametrize("verb", EVERY)
    @pytest.mark.parametrize("state", State)
    def test_in_any_state(self, world: World, verb: str, state: State) -> None:
        """One that is named is meant, whatever its state."""
        world.enter("a", state)

        assert paths(order(world, verb, path="kv/a")) == ["a"]

    @pytest.mark.parametrize("verb", ["adopt", "release"])
    def test_before_the_journal_knows_it(self, world: World, verb: str) -> None:
        """A decision needs no entry: it makes one, at the place that the rule gives."""
        answer = order(world, verb, path="kv/new")

        assert (answer.json()["count"], paths(answer)) == (1, ["new"])
        (entry,) = world.journal.entries()
        assert (entry.place, entry.state, entry.decision) == (
            ("hybrid", "eu-central-1", "kv/new"),
            State.PENDING,
            Decision(verb),
        )

    def test_retry_needs_no_entry(self, world: World) -> None:
        """To look at a secret again nothing has to be written of it."""
        assert order(world, "retry", path="kv/new").json()["count"] == 1
        assert list(world.journal.entries()) == []
        assert [hint.ref.path for hint in world.queue.hints] == ["new"]

    @pytest.mark.parametrize("verb", EVERY)
    def test_no_rule(self, world: World, verb: str) -> None:
        """A secret that no rule replicates, and none ever did, is not found."""
        answer = order(world, verb, path="kv/tmp/x")

        assert answer.status_code == 404
        assert untouched(world)

    def test_left_behind(self, world: World) -> None:
        """What a rule left behind can be released and looked at, but not adopted: no
        rule would write it."""
        world.enter("tmp/x", State.ORPHANED, rule="former", cause="NO_RULE")

        assert order(world, "adopt", path="kv/tmp/x").status_code == 404
        assert order(world, "retry", path="kv/tmp/x").json()["count"] == 1
        assert order(world, "release", path="kv/tmp/x").json()["count"] == 1
        assert decided(world) == {"tmp/x": Decision.RELEASE}

    @pytest.mark.parametrize("verb", ["adopt", "release"])
    def test_a_name_that_aws_cannot_hold(self, world: World, verb: str) -> None:
        """There is nothing to decide about where AWS can hold nothing."""
        answer = order(world, verb, path="kv/" + "x" * (MAX_NAME + 1))

        assert answer.json()["count"] == 0
        assert untouched(world)


class TestWhatIsDone:
    def test_adopt(self, world: World) -> None:
        """The decision stands in the journal with whose it is; then the secret is
        queued to be looked at."""
        entry = world.enter("a", State.CONFLICT)
        order(world, "adopt", path="kv/a")

        (now,) = world.journal.entries()
        assert now == replace(entry, decision=Decision.ADOPT, decided_by="oncall")
        assert world.queue.hints == [Hint(ref=entry.ref, doubt=True)]

    def test_release(self, world: World) -> None:
        """The same for letting go."""
        world.enter("a")
        order(world, "release", path="kv/a")

        assert decided(world) == {"a": Decision.RELEASE}
        assert [hint.doubt for hint in world.queue.hints] == [True]

    def test_retry(self, world: World) -> None:
        """A second try decides nothing, and so releases nothing that is held."""
        ref = world.enter("a", State.HELD, cause="BRAKE").ref
        order(world, "retry", path="kv/a")

        assert decided(world) == {}
        assert world.queue.hints == [Hint(ref=ref, doubt=True)]

    def test_under_two_rules(self, world: World) -> None:
        """One secret at two places is decided at both, and queued once."""
        world.enter("a", State.CONFLICT)
        world.enter("a", State.CONFLICT, rule="team")
        answer = order(world, "adopt", all=True)

        assert answer.json()["count"] == 2
        assert [e.decision for e in world.journal.entries()] == [Decision.ADOPT] * 2
        assert len(world.queue.hints) == 1

    def test_decided_before_it_is_queued(self, world: World) -> None:
        """When the queue takes nothing, the decision stands all the same: it was
        ordered, and a comparison finds it waiting."""
        world.enter("a", State.CONFLICT)
        world.queue.full = True
        answer = order(world, "adopt", all=True)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert decided(world) == {"a": Decision.ADOPT}
        assert len(world.journal.deeds(before=None, limit=9)) == 1

    def test_written_down_before_it_is_decided(self, world: World) -> None:
        """What cannot be written down is not done."""

        class FullJournal(FakeJournal):
            def add_deed(self, deed: object) -> None:
                raise JournalUnavailable("the disk is full")

        world.journal = FullJournal()
        world.app = create_app(replace(world.parts, journal=world.journal))
        world.enter("a", State.CONFLICT)

        assert order(world, "adopt", all=True).status_code == 503
        assert untouched(world)

    @pytest.mark.parametrize("verb", EVERY)
    @pytest.mark.parametrize(
        "body", [{"all": True}, {"path": "kv/parked"}, {"path": "kv/new"}]
    )
    def test_dry_run(self, world: World, verb: str, body: dict[str, Any]) -> None:
        """It tells what would be done, the same to the letter, and does nothing."""
        fill(world)
        before = list(world.journal.entries())
        dry = order(world, verb, **body, dry_run=True).json()

        assert untouched(world)
        assert list(world.journal.entries()) == before
        assert (dry["dry_run"], dry["count"] > 0) == (True, True)
        assert order(world, verb, **body).json() == {**dry, "dry_run": False}

    def test_a_deed(self, world: World) -> None:
        """Who ordered what is written down, without what was not given."""
        world.enter("a", State.CONFLICT)
        order(world, "adopt", rule="hybrid", cause=None, all=False)
        (deed,) = world.journal.deeds(before=None, limit=9)

        assert (deed.by, deed.what) == ("oncall", "adopt")
        assert deed.about == '{"rule":"hybrid"}'
        assert abs(deed.at - world.clock.now()) < 60

    def test_nothing_to_do(self, world: World) -> None:
        """An order that found nothing has changed nothing, and is no deed."""
        assert order(world, "release", all=True).json()["count"] == 0
        assert untouched(world)


class TestFailingWork:
    """What is only in the queue: it failed before the journal had an entry."""

    RAW = Hint(ref=SecretRef("", "kv", "data/x"), unresolved=True)

    def fail(self, world: World, hint: Hint, cause: str) -> None:
        world.queue.add([hint])
        world.queue.retry(world.take(), delay=600, cause=cause, detail="")

    def test_parked(self, world: World) -> None:
        """It is retried too, and due at once."""
        world.park(self.RAW, "MOUNT_UNKNOWN")
        answer = order(world, "retry", cause="MOUNT_UNKNOWN")

        assert paths(answer) == ["data/x"]
        assert answer.json()["items"][0]["rule"] == "hybrid"
        assert world.queue.backlog().parked == {}
        assert world.take().hint.unresolved is True

    def test_backing_off(self, world: World) -> None:
        """What waits for its next try has it now; what only waits for its turn has
        not failed."""
        self.fail(world, Hint(ref=SecretRef("", "kv", "a")), "VAULT_SEALED")
        world.queue.add([Hint(ref=SecretRef("", "kv", "b"))])
        answer = order(world, "retry", all=True)

        assert paths(answer) == ["a"]
        assert answer.json()["items"][0]["state"] == "pending"
        due = [world.take(), world.take()]
        assert sorted(work.hint.ref.path for work in due) == ["a", "b"]
        assert [hint.doubt for hint in world.queue.hints] == [True, False]

    def test_known_to_both(self, world: World) -> None:
        """What is parked in queue and journal is one."""
        ref = world.enter("a", State.PARKED, cause="KMS_DENIED").ref
        world.park(Hint(ref=ref), "KMS_DENIED")

        assert order(world, "retry", all=True).json()["count"] == 1

    @pytest.mark.parametrize("body", [{"rule": "team"}, {"cause": "KMS_DENIED"}])
    def test_not_meant(self, world: World, body: dict[str, Any]) -> None:
        """Rule and cause narrow this as well."""
        world.enter("t", **TEAM)
        world.park(self.RAW, "MOUNT_UNKNOWN")

        assert order(world, "retry", **body).json()["count"] == 0
        assert world.queue.backlog().parked == {"MOUNT_UNKNOWN": 1}

    @pytest.mark.parametrize("verb", ["adopt", "release"])
    def test_nothing_to_decide(self, world: World, verb: str) -> None:
        """Where no secret of AWS is known, there is none to adopt or release."""
        world.park(self.RAW, "MOUNT_UNKNOWN")

        assert order(world, verb, all=True).json()["count"] == 0


class TestRefused:
    @pytest.mark.parametrize(
        "body",
        [
            {}, {"all": False}, {"dry_run": True}, {"rule": ""}, {"path": ""},
            {"mount": "kv"}, {"mount": "kv", "namespace": ""}, {"cause": None},
        ],
    )  # fmt: skip
    def test_nothing_chosen(self, world: World, body: dict[str, Any]) -> None:
        """Nothing given is not everything: it says what can be chosen."""
        fill(world)
        for verb in EVERY:
            answer = order(world, verb, **body)

            assert answer.status_code == 422
            assert answer.json() == {
                "error": "choose what it is about: rule, path, cause, or all: true"
            }
        assert untouched(world)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"rule": "c4n4ry"}, "rule"),
            ({"rule": "", "all": True}, "rule"),
            ({"cause": "C4N4RY"}, "cause"),
            ({"cause": "", "all": True}, "cause"),
            ({"path": "kv/../c4n4ry"}, "path"),
            ({"path": "c4n4ry\u0000", "mount": "kv"}, "path"),
            ({"path": "", "all": True}, "path"),
            ({"path": "c4n4ry"}, "path"),
            ({"path": "x", "mount": ""}, "mount"),
            ({"all": True, "mount": "//c4n4ry//x"}, "mount"),
            ({"all": True, "mount": ""}, "mount"),
            ({"all": True, "namespace": ".."}, "namespace"),
            ({"path": "kv/x", "namespace": "a//c4n4ry"}, "namespace"),
        ],
    )
    def test_by_its_field(self, world: World, body: dict[str, Any], field: str) -> None:
        """What does not exist or cannot be is refused by its field, not repeated."""
        fill(world)
        answer = order(world, "release", **body)

        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert "c4n4ry" not in answer.text.lower()
        assert untouched(world)

    @pytest.mark.parametrize(
        "content",
        [
            b'{"c4n4ry": 1, "all": true}', b'{"all": "true"}', b'{"all": 1}',
            b'{"rule": ["hybrid"]}', b"[]", b"null", b"\xff", b"{", b"[" * 60_000,
            b'{"path": "kv/\\ud800"}', b'{"all": true}{"all": true}',
        ],
    )  # fmt: skip
    def test_no_order(self, world: World, content: bytes) -> None:
        """The body is read strictly: what is misspelt is not left out."""
        fill(world)
        for verb in EVERY:
            answer = world.request(
                "POST", f"/v1/{verb}", token="admin-token", content=content
            )

            assert (answer.status_code, set(answer.json())) == (422, {"error"})
            assert "rule, path, mount, namespace, cause, all, dry_run" in answer.text
            assert "c4n4ry" not in answer.text
        assert untouched(world)

    def test_too_long(self, world: World) -> None:
        """A body far too long is not read."""
        content = json.dumps({"path": "kv/" + "a" * 70_000}).encode()
        answer = world.request(
            "POST", "/v1/adopt", token="admin-token", content=content
        )

        assert answer.status_code == 413
        assert untouched(world)


class TestMountAndPath:
    """MOUNT/PATH is split where a mount ends."""

    REFS = pytest.mark.parametrize(
        ("path", "ref"),
        [
            ("kv/app/db", SecretRef("", "kv", "app/db")),
            ("/kv/app/db/", SecretRef("", "kv", "app/db")),
            ("kv/data/app/db", SecretRef("", "kv", "app/db")),
            ("kv/data", SecretRef("", "kv", "data")),
            ("kv/deep/a", SecretRef("", "kv/deep", "a")),
            ("kv/deep/data/a", SecretRef("", "kv/deep", "data/a")),
        ],
    )

    def world(self, *more: Mount) -> World:
        world = World()
        world.source = type(world.source)(*MOUNTS, *more)
        world.parts = replace(world.parts, source=world.source)
        rule = replace(world.parts.rules()[0], mount="**")
        world.parts = replace(world.parts, rules=lambda: (rule,))
        world.app = create_app(world.parts)
        return world

    @REFS
    def test_vault_knows(self, path: str, ref: SecretRef) -> None:
        """The longest mount that Vault has wins; on KV v2 data/ is no part of the key,
        on KV v1 it is."""
        world = self.world(Mount("", "kv/deep", 1, "kv_3"))
        order(world, "retry", path=path)

        assert [hint.ref for hint in world.queue.hints] == [ref]

    def test_with_its_mount(self) -> None:
        """Who says which part is the mount says which is the key, to the letter."""
        world = self.world()
        order(world, "retry", path="data/x", mount="kv")

        assert world.queue.hints[0].ref == SecretRef("", "kv", "data/x")
        assert world.source.asked == 0

    @pytest.mark.parametrize("path", ["gone/mount/a", "gone/mount/data/a"])
    def test_the_journal_knows(self, path: str) -> None:
        """A mount that Vault has no more, or a Vault that is away, keeps nobody from
        letting go of a secret."""
        world = self.world()
        ref = SecretRef("", "gone/mount", "a")
        world.enter("a", ref=ref)
        world.source.failure = Temporary(Cause.VAULT_SEALED, "it is sealed")
        order(world, "release", path=path)

        assert [hint.ref for hint in world.queue.hints] == [ref]

    def test_a_rule_knows(self, world: World) -> None:
        """Nor does it keep anybody from a new secret under a rule's own mount."""
        world.source.failure = Temporary(Cause.VAULT_SEALED, "it is sealed")
        order(world, "retry", path="old/a/b", namespace="team")

        assert world.queue.hints[0].ref == SecretRef("team", "old", "a/b")
        answer = order(world, "retry", path="old/a/b")
        assert (answer.status_code, answer.json()["field"]) == (422, "path")
        assert "give mount too" in answer.json()["error"]


def test_a_state_that_changes_meanwhile(world: World) -> None:
    """What comes into another state while an order goes through them is taken once."""

    class Restless(FakeJournal):
        def entries(self, *of: Any, **more: Any) -> Any:
            for entry in super().entries(*of, **more):
                yield entry
                if entry.state is State.PARKED:
                    moved: Entry = replace(entry, state=State.HELD)
                    self.record(moved, expected=entry)

    world.journal = Restless()
    world.app = create_app(replace(world.parts, journal=world.journal))
    world.enter("a", State.PARKED)

    assert order(world, "retry", all=True).json()["count"] == 1
