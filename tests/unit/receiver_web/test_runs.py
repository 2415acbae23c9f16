"""plan and reconcile over HTTP: what is asked for, and what is refused."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import httpx
import pytest

from receiver.core.causes import Cause, Permanent
from receiver.core.scope import Scope
from receiver.core.state import State
from receiver.core.wish import Wish
from receiver.web.app import create_app
from tests.unit.receiver_web.conftest import FakeComparisons, World

PLAN, RECONCILE = ("/v1/plan", "read-token"), ("/v1/reconcile", "admin-token")


def ask(world: World, where: tuple[str, str], **body: Any) -> httpx.Response:
    path, token = where
    return world.request("POST", path, token=token, json=body)


class TestPlan:
    @pytest.mark.parametrize(
        ("body", "scope"),
        [
            ({}, Scope()),
            ({"rule": "hybrid"}, Scope(rule="hybrid")),
            ({"path": "/kv/app/**"}, Scope(path="kv/app/**")),
            (
                {"path": "x", "mount": "kv/", "namespace": "/"},
                Scope(namespace="", mount="kv", path="x"),
            ),
        ],
    )
    def test_scope(self, world: World, body: dict[str, Any], scope: Scope) -> None:
        """What is given narrows the comparison; the document comes as it is made."""
        answer = ask(world, PLAN, **body)

        assert answer.status_code == 200
        assert answer.json() == {"id": "7f3a9c", "changes": []}
        assert world.comparisons.asked == [scope]

    def test_without_a_body(self, world: World) -> None:
        """No body asks for everything."""
        answer = world.request("POST", "/v1/plan", token="read-token")

        assert answer.status_code == 200
        assert world.comparisons.asked == [Scope()]

    def test_changes_nothing(self, world: World) -> None:
        """A plan is no deed."""
        ask(world, PLAN)

        assert world.journal.deeds(before=None, limit=9) == []

    def test_nothing_could_be_compared(self, world: World) -> None:
        """Then it says why, who must act, and what to do."""
        detail = "list: Vault answered 403"
        world.comparisons.failure = Permanent(Cause.VAULT_FORBIDDEN, detail)
        answer = ask(world, PLAN)

        assert answer.status_code == 503
        assert answer.json() == {
            "error": "list: Vault answered 403",
            "cause": "VAULT_FORBIDDEN",
            "who": "Vault admin",
            "do": "give the receiver's token the policy that its rules need",
        }

    def test_one_at_a_time(self, world: World) -> None:
        """However many ask, one comparison runs at a time."""

        class Slow(FakeComparisons):
            running = 0
            most = 0
            first, both = threading.Event(), threading.Event()

            def plan(self, scope: Scope) -> dict[str, Any]:
                self.running += 1
                self.most = max(self.most, self.running)
                self.first.set()
                assert self.both.wait(30)
                self.running -= 1
                return super().plan(scope)

        slow = Slow()
        world.app = create_app(replace(world.parts, comparisons=slow))

        async def ask_twice() -> list[httpx.Response]:
            asked = [
                asyncio.create_task(
                    world.ask("POST", "/v1/plan", token="read-token", json={})
                )
                for _ in range(2)
            ]
            await asyncio.to_thread(slow.first.wait, 30)
            # The other one has reached the same place once a third is answered.
            answer = await world.ask("GET", "/v1/status", token="read-token")
            assert answer.status_code == 200
            slow.both.set()
            async with asyncio.timeout(30):
                return list(await asyncio.gather(*asked))

        assert [one.status_code for one in asyncio.run(ask_twice())] == [200, 200]
        assert slow.most == 1


class TestReconcile:
    @pytest.mark.parametrize(
        ("body", "wish"),
        [
            ({}, Wish(by="oncall")),
            ({"rule": "team"}, Wish(scope=Scope(rule="team"), by="oncall")),
            ({"path": "a/*"}, Wish(scope=Scope(path="a/*"), by="oncall")),
            ({"prune": True}, Wish(prune=True, by="oncall")),
            ({"if_plan": "7f3a9c"}, Wish(if_plan="7f3a9c", by="oncall")),
            (
                {"if_plan": "7f3a9c", "force": True},
                Wish(if_plan="7f3a9c", force=True, by="oncall"),
            ),
        ],
    )
    def test_asked_for(self, world: World, body: dict[str, Any], wish: Wish) -> None:
        """The run is asked for by name, and where to follow it is told."""
        answer = ask(world, RECONCILE, **body)

        assert (answer.status_code, answer.json()) == (202, {"run_id": "run-1"})
        assert answer.headers["location"] == "/v1/reconcile/run-1"
        assert world.comparisons.asked == [wish]

    def test_a_deed(self, world: World) -> None:
        """Who asked for what is written down."""
        ask(world, RECONCILE, if_plan="7f3a9c", force=True, prune=False)
        (deed,) = world.journal.deeds(before=None, limit=9)

        assert (deed.by, deed.what) == ("oncall", "reconcile")
        assert deed.about == '{"if_plan":"7f3a9c","force":true}'

    def test_unknown_plan(self, world: World) -> None:
        """A plan that is not there, or no more, is a conflict, and nothing is done."""
        answer = ask(world, RECONCILE, if_plan="c4n4ry")

        assert (answer.status_code, answer.json()["field"]) == (409, "if_plan")
        assert "c4n4ry" not in answer.text
        assert world.comparisons.asked == []
        assert world.journal.deeds(before=None, limit=9) == []

    def test_force_without_a_plan(self, world: World) -> None:
        """Nobody releases what nobody has seen; the answer says what is missing."""
        answer = ask(world, RECONCILE, force=True, rule="hybrid")

        assert (answer.status_code, answer.json()["field"]) == (422, "force")
        assert "give if_plan too" in answer.json()["error"]
        assert world.comparisons.asked == []

    def test_followed(self, world: World) -> None:
        """Its progress is read at its place, by whoever may read."""
        location = ask(world, RECONCILE).headers["location"]
        answer = world.request("GET", location, token="read-token")

        assert (answer.status_code, answer.json()["state"]) == (200, "done")

    @pytest.mark.parametrize("run", ["run-2", "%00", "..%2fstatus"])
    def test_an_unknown_run(self, world: World, run: str) -> None:
        """A run that is not known, or no more, is not found."""
        answer = world.request("GET", f"/v1/reconcile/{run}", token="read-token")

        assert (answer.status_code, set(answer.json())) == (404, {"error"})


@pytest.mark.parametrize("where", [PLAN, RECONCILE])
class TestRefused:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"rule": "c4n4ry"}, "rule"),
            ({"rule": ""}, "rule"),
            ({"path": "../c4n4ry"}, "path"),
            ({"path": ""}, "path"),
            ({"mount": "/"}, "mount"),
            ({"namespace": "c4n4ry\n"}, "namespace"),
        ],
    )
    def test_by_its_field(
        self, world: World, where: tuple[str, str], body: dict[str, Any], field: str
    ) -> None:
        """A scope of nothing would look as if nothing were to do: it is refused."""
        answer = ask(world, where, **body)

        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert "c4n4ry" not in answer.text
        assert world.comparisons.asked == []

    @pytest.mark.parametrize(
        "body", [{"c4n4ry": 1}, {"all": True}, {"rule": 1}, {"dry_run": True}]
    )
    def test_no_such_field(
        self, world: World, where: tuple[str, str], body: dict[str, Any]
    ) -> None:
        """What it does not know it does not do."""
        answer = ask(world, where, **body)

        assert (answer.status_code, set(answer.json())) == (422, {"error"})
        assert "c4n4ry" not in answer.text
        assert world.comparisons.asked == []

    def test_a_large_body(self, world: World, where: tuple[str, str]) -> None:
        """A body far too large is not read."""
        assert ask(world, where, path="a" * 70_000).status_code == 413

    def test_a_removed_rule(self, world: World, where: tuple[str, str]) -> None:
        """The name of a rule that left something behind is one still."""
        world.enter("a", State.ORPHANED, rule="former")

        assert ask(world, where, rule="former").status_code in (200, 202)
