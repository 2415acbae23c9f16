"""``sync``: what is queued, what is waited for, and how each end is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import httpx
import pytest

from receiver.core.state import Entry, Hint, Lane, SecretRef, State
from receiver.web.app import create_app
from receiver.web.arrival import Goal, judge
from tests.unit.receiver_web.conftest import REGION, RULES, World

REF = SecretRef("", "kv", "app/db")
BODY = {"mount": "kv", "path": "app/db"}
IN_SYNC = Entry(
    ref=REF,
    rule="hybrid",
    region=REGION,
    name="kv/app/db",
    state=State.IN_SYNC,
    version=7,
    version_id="v7-abc",
    lag=0.3,
)


def sync(world: World, wait: str = "", **body: Any) -> httpx.Response:
    path = "/v1/secrets/sync" + (f"?wait={wait}" if wait else "")
    return world.request("POST", path, token="sync-token", json=BODY | body)


def one(world: World, **query: Any) -> httpx.Response:
    return world.request(
        "GET", "/v1/secrets/one", token="read-token", params=BODY | query
    )


def finish(world: World, entry: Entry | None = IN_SYNC) -> None:
    """What a worker does: take, record, end, tell."""
    work = world.queue.take(list(Lane), lease=60, timeout=30)
    assert work is not None
    known = next(iter(world.journal.known(REF)), None)
    if entry is not None:
        done = replace(entry, checked_at=world.clock.now())
        assert world.journal.record(done, expected=known)
    if entry is not None and entry.state is State.PARKED:
        world.queue.park(work, cause=str(entry.cause), detail="")
    else:
        world.queue.done(work)
    world.parts.outcomes.changed(REF)


def while_waiting(world: World, *rounds: Entry | None, **body: Any) -> httpx.Response:
    """Ask with a wait, and let a worker do these rounds meanwhile."""

    async def both() -> httpx.Response:
        asked: Coroutine[Any, Any, httpx.Response] = world.ask(
            "POST", "/v1/secrets/sync?wait=50s", token="sync-token", json=BODY | body
        )
        waiting = asyncio.create_task(asked)
        for entry in rounds:
            await asyncio.to_thread(finish, world, entry)
        async with asyncio.timeout(30):
            return await waiting

    return asyncio.run(both())


class TestWithoutWaiting:
    def test_queued(self, world: World) -> None:
        """It is queued when 202 is answered, with the place to wait at."""
        answer = sync(world, version=7)

        assert (answer.status_code, answer.json()) == (202, {"state": "pending"})
        assert world.queue.hints == [Hint(ref=REF, version=7, doubt=True)]
        place = httpx.URL(answer.headers["location"])
        assert place.path == "/v1/secrets/one"
        assert dict(place.params) == {
            "namespace": "", "mount": "kv", "path": "app/db", "version": "7",
            "wait": "50s",
        }  # fmt: skip

    def test_the_place_works(self, world: World) -> None:
        """The Location of a 202 answers when the secret is there."""
        location = sync(world).headers["location"]
        finish(world)
        answer = world.request("GET", location, token="read-token")

        assert (answer.status_code, answer.json()["version"]) == (200, 7)

    def test_slashes_at_the_ends(self, world: World) -> None:
        """People write mounts as Vault prints them."""
        sync(world, mount="/kv/", namespace="/")

        assert [hint.ref for hint in world.queue.hints] == [REF]

    def test_mount_and_path_in_one(self, world: World) -> None:
        """Without a mount, the path is MOUNT/PATH, as people copy it."""
        answer = sync(world, mount=None, path="kv/data/app/db")

        assert [hint.ref for hint in world.queue.hints] == [REF]
        place = dict(httpx.URL(answer.headers["location"]).params)
        assert (place["mount"], place["path"]) == ("kv", "app/db")

    def test_no_rule(self, world: World) -> None:
        """What no rule replicates is not queued."""
        answer = sync(world, path="tmp/x")

        assert answer.status_code == 404
        assert world.queue.hints == []

    def test_a_queue_that_takes_nothing(self, world: World) -> None:
        """What cannot be made durable is not accepted."""
        world.queue.full = True

        assert sync(world).status_code == 503

    @pytest.mark.parametrize(
        "body",
        [
            {"mount": ""},
            {"path": "a//b"},
            {"path": "../x"},
            {"path": "a\n"},
            {"namespace": "a/./b"},
            {"version": 0},
            {"version": "7"},
            {"version": 10**30},
            {"versoin": 7},
            {"path": None},
        ],
    )
    def test_a_wrong_body(self, world: World, body: dict[str, Any]) -> None:
        """The body is read strictly, and nothing of it is repeated."""
        answer = sync(world, **body)

        assert answer.status_code == 422
        assert world.queue.hints == []

    @pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 60_000])
    def test_no_object(self, world: World, content: bytes) -> None:
        """What is no JSON object is refused."""
        answer = world.request(
            "POST", "/v1/secrets/sync", token="sync-token", content=content
        )

        assert answer.status_code == 422

    def test_a_large_body(self, world: World) -> None:
        """A body far too large is not read."""
        answer = world.request(
            "POST", "/v1/secrets/sync", token="sync-token", content=b" " * 70_000
        )

        assert answer.status_code == 413

    @pytest.mark.parametrize("wait", ["61s", "2m", "soon", "50", "-1s"])
    def test_a_wrong_wait(self, world: World, wait: str) -> None:
        """A wait is a duration with its unit, of 60 seconds at most."""
        answer = sync(world, wait=wait)

        assert (answer.status_code, answer.json()["field"]) == (422, "wait")
        assert world.queue.hints == []


class TestWaiting:
    def test_there(self, world: World) -> None:
        """200 comes with what is in AWS."""
        answer = while_waiting(world, IN_SYNC, version=7)

        assert answer.status_code == 200
        assert answer.json() == {
            "rule": "hybrid", "state": "in_sync", "name": "kv/app/db", "version": 7,
            "version_id": "v7-abc", "lag_seconds": 0.3, "cause": None,
        }  # fmt: skip

    def test_a_newer_version(self, world: World) -> None:
        """A newer version than the one asked for satisfies."""
        assert while_waiting(world, IN_SYNC, version=5).status_code == 200

    def test_a_former_state_does_not_count(self, world: World) -> None:
        """What was in sync before the request says nothing, not even under a version
        that looks newer: the key may have been re-made."""
        before = replace(IN_SYNC, checked_at=world.clock.now() - 10)
        world.journal.record(before, expected=None)
        answer = while_waiting(world, replace(IN_SYNC, version=1), version=1)

        assert (answer.status_code, answer.json()["version"]) == (200, 1)

    def test_a_round_that_comes_too_early(self, world: World) -> None:
        """A round that read the version before is not the end of the wait."""
        early = replace(IN_SYNC, version=6)

        async def ask() -> httpx.Response:
            path = "/v1/secrets/sync?wait=50s"
            waiting = asyncio.create_task(
                world.ask("POST", path, token="sync-token", json=BODY | {"version": 7})
            )
            await asyncio.to_thread(finish, world, early)
            await asyncio.to_thread(world.queue.add, [Hint(ref=REF)])
            await asyncio.to_thread(finish, world, IN_SYNC)
            async with asyncio.timeout(30):
                return await waiting

        assert asyncio.run(ask()).json()["version"] == 7

    def test_parked(self, world: World) -> None:
        """409 comes with the cause, who must act, and what to do."""
        why = {"cause": "VALUE_TOO_LARGE", "detail": "71,204 bytes"}
        parked = replace(IN_SYNC, state=State.PARKED, **why)
        answer = while_waiting(world, parked)

        assert answer.status_code == 409
        body = answer.json()
        assert (body["state"], body["cause"]) == ("parked", "VALUE_TOO_LARGE")
        assert (body["who"], body["detail"]) == ("secret's owner", "71,204 bytes")
        assert "exclude" in body["do"]

    @pytest.mark.parametrize("cause", ["RELEASED", "OPTED_OUT"])
    @pytest.mark.parametrize("version", [None, 7])
    def test_let_go(self, world: World, cause: str, version: int | None) -> None:
        """What somebody released or opted out does not follow Vault: whoever waits
        for it is told, and not that it is there."""
        gone = replace(IN_SYNC, state=State.ORPHANED, cause=cause)
        answer = while_waiting(world, gone, version=version)

        assert (answer.status_code, answer.json()["cause"]) == (409, cause)

    def test_a_name_that_aws_cannot_hold(self, world: World) -> None:
        """No round will change that, so nobody waits for one."""
        answer = sync(world, wait="50s", path="x" * 600)

        assert (answer.status_code, answer.json()["cause"]) == (409, "NAME_IMPOSSIBLE")
        assert "603 characters" in answer.json()["detail"]

    def test_not_in_time(self, world: World) -> None:
        """504 says why it is not there yet."""
        world.queue.add([Hint(ref=REF)])
        world.queue.retry(world.take(), delay=60, cause="KMS_DENIED", detail="")
        answer = one(world, version=7, wait="20ms")

        assert answer.status_code == 504
        assert (answer.json()["state"], answer.json()["cause"]) == (
            "pending",
            "KMS_DENIED",
        )

    def test_a_version_vault_does_not_have(self, world: World) -> None:
        """In sync with an older version is not there, however long it waits."""
        world.journal.record(IN_SYNC, expected=None)

        assert one(world, version=8, wait="20ms").status_code == 504
        assert one(world, version=8).status_code == 202

    def test_deleted(self, world: World) -> None:
        """A deleted secret is done when nothing was asked of its version, and will
        never come when something was."""
        gone = replace(IN_SYNC, state=State.DELETING)

        assert while_waiting(world, gone).json()["state"] == "deleting"
        assert while_waiting(world, gone, version=7).status_code == 409

    def test_never_there(self, world: World) -> None:
        """A secret that neither side has is not found."""
        assert while_waiting(world, None).status_code == 404

    def test_without_versions(self, world: World) -> None:
        """On KV v1 what is in sync after the round is what was asked for."""
        plain = replace(IN_SYNC, version=None)

        assert while_waiting(world, plain).status_code == 200
        assert while_waiting(world, plain, version=3).status_code == 200


NEW, OLD = 110.0, 90.0  # a look at the secret after, and before, the request at 100


@pytest.mark.parametrize(
    ("version", "entry", "failing", "status"),
    [
        (7, replace(IN_SYNC, checked_at=NEW), None, 200),
        (7, replace(IN_SYNC, checked_at=OLD), None, 200),
        (7, replace(IN_SYNC, checked_at=NEW), "", 200),
        (1, replace(IN_SYNC, checked_at=OLD), "", 202),
        (8, replace(IN_SYNC, checked_at=NEW), "", 202),
        (8, replace(IN_SYNC, checked_at=NEW), None, 202),
        (None, replace(IN_SYNC, checked_at=NEW), "", 202),
        (None, replace(IN_SYNC, checked_at=NEW), None, 200),
        (7, replace(IN_SYNC, checked_at=NEW, state=State.PARKED), "", 202),
        (7, replace(IN_SYNC, checked_at=NEW, state=State.PARKED), None, 409),
        (7, replace(IN_SYNC, checked_at=NEW, state=State.HELD), None, 409),
        (7, None, "", 202),
        (7, None, None, 404),
        (None, replace(IN_SYNC, state=State.ORPHANED), None, 200),
        (7, replace(IN_SYNC, state=State.ORPHANED), None, 409),
    ],
)
def test_judge(
    version: int | None, entry: Entry | None, failing: str | None, status: int
) -> None:
    """While it is queued, only a round that ended since the request counts, and only
    for a version; only what is not queued any more is final for the worse."""
    answer = judge(Goal(REF, version, 100.0), "hybrid", entry, failing)

    assert (answer.status, answer.final) == (status, status != 202)


class TestOne:
    def test_at_once(self, world: World) -> None:
        """Without a wait it says how things are."""
        world.journal.record(IN_SYNC, expected=None)

        assert one(world).status_code == 200
        world.queue.add([Hint(ref=REF)])
        assert one(world).status_code == 202

    @pytest.mark.parametrize(
        "query", [{"version": "x"}, {"version": "0"}, {"mount": ""}]
    )
    def test_a_wrong_query(self, world: World, query: dict[str, str]) -> None:
        """A query that does not fit is refused by its field, without its value."""
        answer = one(world, **query)

        assert answer.status_code == 422
        assert set(answer.json()) == {"error", "field"}

    def test_an_entry_of_another_place(self, world: World) -> None:
        """What was once put elsewhere says nothing of where it belongs now."""
        world.journal.record(replace(IN_SYNC, name="former/name"), expected=None)

        assert one(world).status_code == 404

    def test_under_two_rules(self, world: World) -> None:
        """A secret that two rules replicate is there when both have done so."""
        west = replace(RULES[0].target, region="eu-west-1")
        both = (*RULES, replace(RULES[0], name="second", target=west))
        world.parts = replace(world.parts, rules=lambda: both)
        world.app = create_app(world.parts)
        world.journal.record(IN_SYNC, expected=None)

        assert one(world).status_code == 404
        stopped = replace(
            IN_SYNC, rule="second", region="eu-west-1", state=State.CONFLICT
        )
        world.journal.record(stopped, expected=None)
        assert (one(world).status_code, one(world).json()["rule"]) == (409, "second")
