"""Pause and resume: who may, what is refused, and where a pause shows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from receiver.core.causes import Cause
from receiver.core.state import Hint, SecretRef
from tests.unit.receiver_web.conftest import World

PAUSE = {"reason": "KMS key rotation", "for": "4h"}


def order(world: World, what: str, *, token: str = "admin-token", **body: Any) -> Any:
    answer = world.request("POST", f"/v1/{what}", token=token, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(world: World, what: str, **body: Any) -> httpx.Response:
    answer = world.request("POST", f"/v1/{what}", token="admin-token", json=body)
    assert answer.status_code == 422
    assert status(world)["paused"] == []
    assert history(world) == []
    return answer


def status(world: World) -> Any:
    return world.request("GET", "/v1/status", token="read-token").json()


def history(world: World) -> list[Any]:
    answer = world.request("GET", "/v1/history", token="read-token")
    return [(one["what"], one["by"], one["about"]) for one in answer.json()["items"]]


class TestPause:
    def test_of_a_rule(self, world: World) -> None:
        """It says what stands, until when; status, metric and history know of it."""
        answer = order(world, "pause", rule="hybrid", **PAUSE)

        (paused,) = status(world)["paused"]
        assert answer["paused"] == [paused] == [answer["pause"]]
        assert (paused["rule"], paused["by"]) == ("hybrid", "oncall")
        assert paused["reason"] == "KMS key rotation"
        assert paused["since"] < paused["until"]
        assert world.sample("paused", rule="hybrid") == 1
        assert world.sample("paused", rule="team") == 0
        assert history(world) == [("pause", "oncall", {"rule": "hybrid", **PAUSE})]

    @pytest.mark.parametrize("chosen", [{}, {"rule": None}, {"all": True}])
    def test_of_all_rules(self, world: World, chosen: dict[str, Any]) -> None:
        """Without a rule it is about each of them."""
        order(world, "pause", **chosen, **PAUSE)

        assert [one["rule"] for one in status(world)["paused"]] == [None]
        assert world.sample("paused", rule="hybrid") == 1
        assert world.sample("paused", rule="team") == 1

    def test_it_ends_by_itself(self, world: World) -> None:
        """It was meant, so it needs nobody; and then it is over."""
        order(world, "pause", rule="hybrid", **PAUSE)
        assert status(world)["verdict"] == "well"

        world.clock.advance(4 * 3600 + 1)
        assert status(world)["paused"] == []
        assert world.sample("paused", rule="hybrid") == 0

    def test_dry_run(self, world: World) -> None:
        """It says what would be, and nothing is."""
        answer = order(world, "pause", rule="hybrid", dry_run=True, **PAUSE)

        assert answer["pause"]["rule"] == "hybrid"
        assert answer["dry_run"] is True
        assert answer["paused"] == status(world)["paused"] == []
        assert history(world) == []

    @pytest.mark.parametrize(
        ("field", "body"),
        [
            ("for", {"for": "8d"}),
            ("for", {"for": "0"}),
            ("for", {"for": "four hours"}),
            ("reason", {"reason": "  "}),
            ("reason", {"reason": "c4n4ry\nsecond line"}),
            ("reason", {"reason": "c4n4ry" * 100}),
            ("rule", {"rule": "c4n4ry"}),
            ("all", {"rule": "hybrid", "all": True}),
        ],
    )
    def test_refused(self, world: World, field: str, body: dict[str, Any]) -> None:
        """By its field, and without what was sent."""
        answer = refused(world, "pause", **{**PAUSE, **body})

        assert answer.json()["field"] == field
        assert "c4n4ry" not in answer.text

    @pytest.mark.parametrize("missing", ["for", "reason"])
    def test_nothing_is_left_out(self, world: World, missing: str) -> None:
        """A pause without an end, or one that nobody can explain, is none; and the
        answer names the fields as they are written."""
        body = {name: text for name, text in PAUSE.items() if name != missing}
        answer = refused(world, "pause", **body)

        assert answer.json() == {
            "error": "the body must be a JSON object of rule, path, mount, namespace, "
            "all, dry_run, reason, for"
        }

    @pytest.mark.parametrize("what", ["pause", "resume"])
    def test_needs_the_scope(self, world: World, what: str) -> None:
        """Only admins stop and start what others rely on."""
        for token, code in (("sync-token", 403), ("read-token", 403), ("", 401)):
            answer = world.request("POST", f"/v1/{what}", token=token, json=PAUSE)
            assert answer.status_code == code


class TestOneSecret:
    def test_of_a_path(self, world: World) -> None:
        """It is told by its parts; its rule as a whole goes on."""
        order(world, "pause", path="kv/app/db", **PAUSE)

        (paused,) = status(world)["paused"]
        assert (paused["rule"], paused["namespace"]) == (None, "")
        assert (paused["mount"], paused["path"]) == ("kv", "app/db")
        assert world.sample("paused", rule="hybrid") == 0

    def test_resume(self, world: World) -> None:
        """Its own pause alone; with the rule's own, that of the secret too."""
        one = {"mount": "kv", "path": "app/db"}
        order(world, "pause", rule="hybrid", **PAUSE)
        order(world, "pause", rule="hybrid", **one, **PAUSE)

        order(world, "resume", **one)
        assert [left["path"] for left in status(world)["paused"]] == [None]
        order(world, "pause", rule="hybrid", **one, **PAUSE)
        order(world, "resume", rule="hybrid")
        assert status(world)["paused"] == []

    @pytest.mark.parametrize(
        "chosen",
        [
            {"mount": "kv"},
            {"path": "kv/a", "all": True},
            {"path": "kv/../a"},
            {"cause": "KMS_DENIED"},
        ],
        ids=str,
    )
    def test_what_is_no_secret(self, world: World, chosen: dict[str, Any]) -> None:
        """A pause is about a rule, one secret, or all; nothing is paused instead."""
        refused(world, "pause", **chosen, **PAUSE)


class TestResume:
    def test_of_a_rule(self, world: World) -> None:
        """What waits is due at once; the history tells who it was."""
        order(world, "pause", rule="hybrid", **PAUSE)
        world.queue.add([Hint(ref=SecretRef("", "kv", "a"))])
        world.queue.retry(world.take(), delay=9999, cause=Cause.PAUSED, detail="")
        answer = order(world, "resume", rule="hybrid")

        assert [one["rule"] for one in answer["resumed"]] == ["hybrid"]
        assert answer["paused"] == status(world)["paused"] == []
        assert world.take().attempts == 0
        assert history(world)[0] == ("resume", "oncall", {"rule": "hybrid"})

    def test_of_one_while_all_are_paused(self, world: World) -> None:
        """The answer says what is paused still."""
        order(world, "pause", **PAUSE)
        answer = order(world, "resume", rule="hybrid")

        assert answer["resumed"] == []
        assert [one["rule"] for one in answer["paused"]] == [None]

    def test_of_everything(self, world: World) -> None:
        """Each pause ends."""
        order(world, "pause", **PAUSE)
        order(world, "pause", rule="hybrid", **PAUSE)
        answer = order(world, "resume")

        assert [one["rule"] for one in answer["resumed"]] == [None, "hybrid"]
        assert status(world)["paused"] == []

    def test_dry_run(self, world: World) -> None:
        """It says what would end, and nothing does."""
        order(world, "pause", **PAUSE)
        answer = order(world, "resume", dry_run=True)

        assert [one["rule"] for one in answer["resumed"]] == [None]
        assert len(status(world)["paused"]) == 1
        assert [what for what, *_ in history(world)] == ["pause"]

    def test_of_nothing(self, world: World) -> None:
        """It is no fault, and nothing to write down."""
        assert order(world, "resume")["resumed"] == []
        assert history(world) == []


SECRET = {"mount": "kv", "path": "app/db"}


class TestSync:
    def ask(self, world: World, wait: str = "") -> httpx.Response:
        path = "/v1/secrets/sync" + (f"?wait={wait}" if wait else "")
        return world.request("POST", path, token="sync-token", json=SECRET)

    def test_who_waits_is_told_at_once(self, world: World) -> None:
        """409 with cause, reason and end, not 504 after a minute; it is queued."""
        order(world, "pause", rule="hybrid", **PAUSE)
        answer = self.ask(world, wait="60s")

        assert answer.status_code == 409
        said = answer.json()
        assert (said["cause"], said["state"]) == ("PAUSED", "pending")
        assert "by oncall until 20" in said["detail"]
        assert said["detail"].endswith(": KMS key rotation")
        assert said["until"] == status(world)["paused"][0]["until"]
        assert "resume" in said["do"]
        assert [hint.ref.path for hint in world.queue.hints] == ["app/db"]

    def test_who_does_not_wait_is_told_too(self, world: World) -> None:
        """It is queued, and why it stays there is said."""
        order(world, "pause", **PAUSE)
        answer = self.ask(world)

        assert answer.status_code == 202
        assert answer.json()["cause"] == "PAUSED"

    def test_another_rule(self, world: World) -> None:
        """What is not paused is not told so."""
        order(world, "pause", rule="team", **PAUSE)

        assert self.ask(world).json() == {"state": "pending"}

    def test_it_is_written_down(self, world: World) -> None:
        """Who asked for which secret, with the name of the token."""
        self.ask(world)

        assert history(world) == [("sync", "pipeline", SECRET)]

    def test_what_is_refused_is_not(self, world: World) -> None:
        """Nothing was ordered by it."""
        body = {"mount": "kv", "path": "tmp/x"}
        path = "/v1/secrets/sync"
        answer = world.request("POST", path, token="sync-token", json=body)

        assert answer.status_code == 404
        assert history(world) == []


def test_a_plan_warns(world: World) -> None:
    """Who would carry it out is told that it waits."""
    order(world, "pause", rule="hybrid", **PAUSE)
    plan = world.request("POST", "/v1/plan", token="read-token", json={}).json()

    (warning,) = plan["warnings"]
    assert warning.startswith("hybrid is paused until 20")
