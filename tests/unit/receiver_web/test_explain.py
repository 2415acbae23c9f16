"""Explanations over HTTP: what is understood, gathered and told; nothing is changed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from receiver.core.causes import Cause, Permanent, ReplicationError
from receiver.core.rules import TargetSpec
from receiver.core.state import Hint, Mount, Observed, SecretRef, State, Value
from receiver.explain.asking import Asker, Patience
from receiver.explain.snapshot import Unasked
from receiver.ports import Deed
from receiver.web.sightings import Forwarder
from tests.fakes import FakeSource
from tests.unit.receiver_web.conftest import MOUNTS, SOURCE, World

CREATED = "2026-11-23T09:59:00.5Z"
REF = SecretRef("", "kv", "app/db")


@dataclass
class FakeWitnesses:
    """``holds`` is what AWS describes, or fails with."""

    holds: Observed | ReplicationError | None = None
    asked: list[str] = field(default_factory=list)

    def describe(self, spec: TargetSpec, name: str) -> Observed | None:
        self.asked.append(name)
        if isinstance(self.holds, ReplicationError):
            raise self.holds
        return self.holds

    def account(self, spec: TargetSpec) -> str:
        return "999999999999"

    def writes_waiting(self, spec: TargetSpec) -> int:
        return 0


def explained(world: World, query: str, status: int = 200) -> dict[str, Any]:
    answer = world.request("GET", f"/v1/explain?{query}", token="read-token")
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    return document


def stages(document: dict[str, Any]) -> dict[str, str]:
    return {one["stage"]: one["is"] for one in document["stages"]}


class TestGathering:
    def test_a_secret_that_nobody_heard_of(self, world: World) -> None:
        """Vault has it, and neither queue nor journal; the forwarder is silent."""
        world.source.secrets[REF] = Value("value", 3, CREATED)
        world.parts.forwarders.note(
            Forwarder(
                source=SOURCE,
                name="vault-1",
                last_seen=world.clock.now() - 500,
                last_entry_time=CREATED,
                gaps=0,
                spool=0,
                version=None,
            )
        )
        found = explained(world, "path=kv/app/db")

        assert found["cause"] == Cause.EVENT_NEVER_SEEN
        assert found["detail"].startswith("forwarder silent: vault-1")
        assert found["not_asked"] == ["aws: AWS is not asked"]
        assert "value" not in str(found["stages"])

    def test_the_queue_and_what_people_ordered(self, world: World) -> None:
        """What is parked, and the orders that were about it."""
        world.source.secrets[REF] = Value("", 3, CREATED)
        world.enter("app/db", State.PARKED, cause="VALUE_EMPTY", applied_at=100.0)
        about = '{"path":"app/db","mount":"kv"}'
        for at, order in ((200.0, about), (300.0, '{"path":"kv/other"}')):
            world.journal.add_deed(Deed(at=at, by="oncall", what="retry", about=order))
        found = explained(world, "path=kv/app/db")

        assert found["cause"] == Cause.VALUE_EMPTY
        told = [(one["at"], one["what"]) for one in found["history"]]
        assert ("1970-01-01T00:03:20Z", "oncall ordered retry") in told
        assert not any(at == "1970-01-01T00:05:00Z" for at, _ in told)

    def test_a_request_path_that_waits(self, world: World) -> None:
        """Queued before its mount was known, it is found all the same."""
        world.source.secrets[REF] = Value("", 3, CREATED)
        path = replace(REF, path="data/app/db")
        world.park(Hint(ref=path, unresolved=True), "VAULT_FORBIDDEN", "mount: 403")

        assert explained(world, "path=kv/app/db")["cause"] == Cause.VAULT_FORBIDDEN

    def test_aws_is_asked(self, world: World) -> None:
        """By name; who answers is asked when what was written is not there."""
        witnesses = FakeWitnesses()
        world.parts = replace(world.parts, witnesses=witnesses)
        arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kv/app/db-AbCdEf"
        world.source.secrets[REF] = Value("", 3, CREATED)
        world.enter("app/db", arn=arn, version=3, created_time=CREATED)
        world.app = type(world.app)(world.parts)  # type: ignore[call-arg]
        found = explained(world, "path=kv/app/db")

        assert witnesses.asked == ["kv/app/db"]
        assert found["cause"] == Cause.WRONG_REGION_OR_ACCOUNT

    def test_nothing_is_changed(self, world: World) -> None:
        """Neither the queue nor the journal."""
        world.source.secrets[REF] = Value("", 3, CREATED)
        explained(world, "path=kv/app/db")

        assert world.queue.hints == []
        assert world.journal.known(REF) == []
        assert world.journal.deeds(before=None, limit=10) == []

    def test_vault_is_away(self, world: World) -> None:
        """The rules tell which secret is meant, and the answer is the failure."""
        world.source.failure = Permanent(Cause.VAULT_SEALED, "mounts: 503")
        found = explained(world, "path=kv/app/db")

        assert (found["mount"], found["path"]) == ("kv", "app/db")
        assert found["cause"] == Cause.VAULT_SEALED
        assert stages(found)["vault"] == "wrong"

    def test_a_token_is_needed(self, world: World) -> None:
        """Of scope read at least."""
        assert world.request("GET", "/v1/explain?path=kv/a").status_code == 401


class TestMeaning:
    @pytest.fixture
    def nested(self, world: World) -> World:
        """A KV v2 mount in a namespace, besides the usual."""
        mounts = (*MOUNTS, Mount("team", "apps", 2, "kv_3"))
        world.parts = replace(world.parts, source=FakeSource(*mounts))
        world.app = type(world.app)(world.parts)  # type: ignore[call-arg]
        return world

    @pytest.mark.parametrize(
        ("query", "place"),
        [
            ("path=kv/app/db", ("", "kv", "app/db")),
            ("path=/kv/app/db/", ("", "kv", "app/db")),
            ("path=kv/data/app/db", ("", "kv", "app/db")),
            ("path=kv/metadata/app/db", ("", "kv", "app/db")),
            ("path=v1/kv/data/app/db", ("", "kv", "app/db")),
            ("path=team/apps/data/a", ("team", "apps", "a")),
            ("path=apps/a&namespace=team", ("team", "apps", "a")),
            ("path=team/old/data/a", ("team", "old", "data/a")),
            ("path=data/a&mount=kv", ("", "kv", "data/a")),
            ("path=nowhere/a/b", ("", "nowhere", "a/b")),
        ],
    )
    def test_what_people_write(
        self, nested: World, query: str, place: tuple[str, str, str]
    ) -> None:
        """MOUNT/PATH, paths of the API, and the namespace in front."""
        found = explained(nested, query)

        assert (found["namespace"], found["mount"], found["path"]) == place

    def test_how_it_was_understood_is_said(self, nested: World) -> None:
        """Only where it was not to the letter."""
        corrected = explained(nested, "path=team/apps/data/a")

        assert corrected["reading"] == "read as apps/a in namespace team"
        assert explained(nested, "path=kv/app/db")["reading"] == ""

    def test_a_slip_in_the_mount(self, nested: World) -> None:
        """The mount that is most like it is named, and the cause is the mount."""
        found = explained(nested, "path=aps/app/db&namespace=team")

        assert found["cause"] == Cause.MOUNT_UNKNOWN
        assert found["reading"] == "no mount of this name is known; did you mean apps?"

    @pytest.mark.parametrize("query", ["path=kw", "path=", "", "path=kv/../x"])
    def test_what_can_be_no_secret(self, world: World, query: str) -> None:
        """Is refused, by the name of its field."""
        assert explained(world, query, status=422)["field"] == "path"


class TestPatience:
    def test_an_answer_too_late(self) -> None:
        """Is left to itself, and what could not be asked is said."""
        answers = threading.Event()
        patience = Patience(Asker(), seconds=0)
        late = patience.ask(lambda: answers.wait(20))
        answers.set()

        assert isinstance(late, Unasked)

    def test_not_too_many_at_once(self) -> None:
        """However often somebody asks; one that has ended makes room."""
        asker, answers = Asker(most=1), threading.Event()
        patience = Patience(asker, seconds=20)
        first = patience.begin(lambda: answers.wait(20))
        refused = patience.begin(lambda: True)
        answers.set()

        assert isinstance(refused, Unasked)
        assert patience.answer(first) is True
        assert patience.ask(lambda: "again") == "again"

    def test_a_question_that_fails_in_an_unknown_way(self) -> None:
        """Is a failure of ours, without a word of its text."""

        def fail() -> None:
            raise RuntimeError("kv/app/db: hunter2")

        failed = Patience(Asker(), seconds=20).ask(fail)

        assert isinstance(failed, ReplicationError)
        assert failed.cause is Cause.INTERNAL
        assert "hunter2" not in failed.detail
