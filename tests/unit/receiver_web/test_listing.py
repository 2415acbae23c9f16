"""The listing: what is where, what waits, and how it is paged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from receiver.core.rules import Rule
from receiver.core.state import Decision, Hint, SecretRef, State
from receiver.web.app import create_app
from tests.unit.receiver_web.conftest import RULES, TARGET, World


def get(world: World, path: str) -> httpx.Response:
    return world.request("GET", path, token="read-token")


def fill(world: World) -> None:
    for name, state in zip(
        "abcd",
        (State.IN_SYNC, State.PARKED, State.CONFLICT, State.DELETING),
        strict=True,
    ):
        world.enter(name, state)


def pages(world: World, query: str) -> list[list[dict[str, Any]]]:
    """Every page, by following the cursor."""
    found, after = [], {}
    while True:
        query_of_page = httpx.QueryParams(query).merge(after)
        page = get(world, f"/v1/secrets?{query_of_page}").json()
        found.append(page["items"])
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


class TestSecrets:
    def test_an_item(self, world: World) -> None:
        """Each item says where the secret is, on both sides, and why."""
        entry = world.enter(
            "a", State.HELD, version=3, version_id="v3-x", lag=0.25, cause="BRAKE",
            detail="11 deletes of 20", checked_at=1795428000.25,
        )  # fmt: skip
        world.journal.decide([entry], Decision.FORCE, "oncall")

        assert get(world, "/v1/secrets").json() == {
            "items": [
                {
                    "namespace": "", "mount": "kv", "path": "a", "rule": "hybrid",
                    "name": "kv/a", "state": "held", "cause": "BRAKE",
                    "detail": "11 deletes of 20", "region": "eu-central-1",
                    "since": "2026-11-23T10:00:00.250Z", "decision": "force",
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
        found = pages(world, "limit=3")

        assert [[item["path"] for item in page] for page in found] == [
            list("abc"),
            list("d"),
        ]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("state=gone", "state"),
            ("limit=0", "limit"),
            ("after=c4n4ry", "after"),
            ("state=pending&after=c4n4ry", "after"),
            ("state=pending&after=WyJhIiwiYiJd", "after"),
            ("state=pending&after=WzEsMiwzLDRd", "after"),
            ("state=pending&after=%ff", "after"),
        ],
    )
    def test_a_wrong_query(self, world: World, query: str, field: str) -> None:
        """A query that does not fit is refused by its field, without its value."""
        answer = get(world, f"/v1/secrets?{query}")

        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert "c4n4ry" not in answer.text


class TestPending:
    def test_what_waits(self, world: World) -> None:
        """It is what the queue holds, whatever the journal says of it; with the cause
        of its last failure, and since when."""
        world.enter("a", State.IN_SYNC, version=3)
        world.enter("quiet", State.IN_SYNC)
        world.queue.add([Hint(ref=SecretRef("", "kv", "a"))])
        sealed = {"cause": "VAULT_SEALED", "detail": "it is sealed"}
        world.queue.retry(world.take(), delay=60, **sealed)
        (item,) = get(world, "/v1/secrets?state=pending").json()["items"]

        assert (item["path"], item["state"], item["name"]) == ("a", "pending", "kv/a")
        assert (item["cause"], item["detail"]) == ("VAULT_SEALED", "it is sealed")
        assert item["since"].endswith("Z")
        assert item["vault_version"] == 3

    def test_before_the_journal_knows(self, world: World) -> None:
        """What is new is shown under the rule and the name that it will have; of a
        request path only the rules can be told that cover its mount."""
        world.queue.add(
            [
                Hint(ref=SecretRef("", "kv", "new")),
                Hint(ref=SecretRef("", "kv", "data/x"), unresolved=True),
                Hint(ref=SecretRef("", "nowhere", "x")),
            ]
        )
        items = get(world, "/v1/secrets?state=pending").json()["items"]

        assert [(item["path"], item["rule"], item["name"]) for item in items] == [
            ("data/x", "hybrid", ""),
            ("new", "hybrid", "kv/new"),
            ("x", "", ""),
        ]
        assert {item["cause"] for item in items} == {None}

    @pytest.mark.parametrize(
        ("query", "paths"),
        [("rule=team", "c"), ("rule=hybrid", "ab"), ("q=KV/B", "b"), ("q=zz", "")],
    )
    def test_filters(self, world: World, query: str, paths: str) -> None:
        """Rule and text narrow it as they narrow the rest."""
        refs = [SecretRef("", "kv", "a"), SecretRef("", "kv", "b")]
        refs.append(SecretRef("team", "old", "c"))
        world.queue.add([Hint(ref=ref) for ref in refs])
        items = get(world, f"/v1/secrets?state=pending&{query}").json()["items"]

        assert [item["path"] for item in items] == list(paths)

    def test_pages(self, world: World) -> None:
        """Every secret is on one page, and the places of one are not divided."""
        second = replace(TARGET, region="eu-west-1")
        both = (*RULES, Rule(name="second", mount="kv", target=second))
        world.parts = replace(world.parts, rules=lambda: both)
        world.app = create_app(world.parts)
        refs = [SecretRef("", "kv", name) for name in "abc"]
        world.queue.add([Hint(ref=ref) for ref in refs])
        found = pages(world, "state=pending&limit=3")

        assert [[item["path"] for item in page] for page in found] == [
            ["a", "a"],
            ["b", "b"],
            ["c", "c"],
        ]
