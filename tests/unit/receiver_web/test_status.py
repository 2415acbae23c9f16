"""Status and listing: the shapes people script against."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from receiver.core.state import Entry, Hint, Lane, SecretRef, State
from tests.unit.receiver_web.conftest import World

ENTRY = Entry(
    ref=SecretRef("", "kv", "a"),
    rule="hybrid",
    name="kv/a",
    state=State.IN_SYNC,
    version=3,
    version_id="v3-x",
    lag=0.25,
)


def get(world: World, path: str) -> httpx.Response:
    return world.request("GET", path, token="read-token")


def fill(world: World) -> None:
    for name, state, cause in (
        ("a", State.IN_SYNC, None),
        ("b", State.PARKED, "KMS_DENIED"),
        ("c", State.CONFLICT, "CONFLICT_FOREIGN"),
        ("d", State.DELETING, None),
    ):
        ref = SecretRef("", "kv", name)
        entry = replace(ENTRY, ref=ref, name=f"kv/{name}", state=state, cause=cause)
        world.journal.record(entry, expected=None)


class TestStatus:
    def test_all_well(self, world: World) -> None:
        """Nothing to do is said first; every state has its number."""
        status = get(world, "/v1/status").json()

        assert status == {
            "format_version": 1,
            "verdict": "well",
            "states": dict.fromkeys(State, 0),
            "pending": 0,
            "oldest_pending_seconds": None,
            "parked": {},
            "needs_you": [],
            "lag": {"p50": None, "p95": None, "p99": None},
            "reconcile": {"last": None},
            "brake": [],
            "paused": [],
            "forwarders": [],
            "faults": [],
        }

    def test_what_needs_somebody(self, world: World) -> None:
        """Conflicts and what is parked come with cause, who, and what to do."""
        fill(world)
        world.queue.add([Hint(ref=SecretRef("", "kv", "x"))])
        world.clock.advance(5)
        world.metrics.applied("hybrid", "update", "ok", 0.25)
        status = get(world, "/v1/status").json()

        assert status["verdict"] == "needs_you"
        assert status["states"]["in_sync"] == 1
        assert status["states"]["pending"] == status["pending"] == 1
        assert status["oldest_pending_seconds"] >= 5
        assert status["lag"] == {"p50": 0.25, "p95": 0.25, "p99": 0.25}
        conflict, parked = status["needs_you"]
        assert (conflict["path"], conflict["who"]) == ("c", "AWS admin")
        assert (parked["cause"], "key policy" in parked["do"]) == ("KMS_DENIED", True)

    def test_faults(self, world: World) -> None:
        """A fault of the installation needs somebody too."""
        world.faults.append("the token file is empty")
        status = get(world, "/v1/status").json()

        assert status["verdict"] == "needs_you"
        assert status["faults"] == ["the token file is empty"]

    def test_work_parked_before_it_had_an_entry(self, world: World) -> None:
        """What is parked in the queue alone is not passed over."""
        world.queue.add([Hint(ref=SecretRef("", "nowhere", "x"), unresolved=True)])
        work = world.queue.take(list(Lane), lease=60, timeout=0)
        assert work is not None
        world.queue.park(work, cause="MOUNT_UNKNOWN", detail="")
        status = get(world, "/v1/status").json()

        assert status["parked"] == {"MOUNT_UNKNOWN": 1}
        assert status["verdict"] == "needs_you"


class TestSecrets:
    def test_an_item(self, world: World) -> None:
        """Each item says where the secret is, on both sides."""
        world.journal.record(ENTRY, expected=None)

        assert get(world, "/v1/secrets").json() == {
            "items": [
                {
                    "namespace": "", "mount": "kv", "path": "a", "rule": "hybrid",
                    "name": "kv/a", "state": "in_sync", "cause": None,
                    "vault_version": 3, "version_id": "v3-x", "lag_seconds": 0.25,
                }
            ],
            "next": None,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("query", "paths"),
        [
            ("", "abcd"),
            ("?state=parked", "b"),
            ("?state=pending", ""),
            ("?rule=hybrid&q=KV/C", "c"),
            ("?rule=other", ""),
        ],
    )
    def test_filters(self, world: World, query: str, paths: str) -> None:
        """State, rule and text narrow the list."""
        fill(world)
        items = get(world, f"/v1/secrets{query}").json()["items"]

        assert [item["path"] for item in items] == list(paths)

    def test_pages(self, world: World) -> None:
        """The cursor leads to the next page, and the last page has none."""
        fill(world)
        first = get(world, "/v1/secrets?limit=3").json()
        cursor = str(httpx.QueryParams({"after": first["next"]}))
        second = get(world, f"/v1/secrets?limit=3&{cursor}").json()

        assert [item["path"] for item in first["items"]] == list("abc")
        assert [item["path"] for item in second["items"]] == list("d")
        assert second["next"] is None

    @pytest.mark.parametrize(
        ("query", "field"),
        [("state=gone", "state"), ("limit=0", "limit"), ("after=c4n4ry", "after")],
    )
    def test_a_wrong_query(self, world: World, query: str, field: str) -> None:
        """A query that does not fit is refused by its field, without its value."""
        answer = get(world, f"/v1/secrets?{query}")

        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert query.partition("=")[2] not in answer.text
