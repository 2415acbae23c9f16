"""The history: who ordered what, the newest first."""

from __future__ import annotations

import httpx
import pytest

from receiver.core.state import State
from receiver.ports import Deed
from tests.unit.receiver_web.conftest import World


def get(world: World, query: str = "") -> httpx.Response:
    return world.request("GET", f"/v1/history{query}", token="read-token")


def test_nothing_yet(world: World) -> None:
    """Without orders there is an empty page."""
    assert get(world).json() == {"items": [], "next": None}


def test_an_item(world: World) -> None:
    """When, by whose token, what, and about what."""
    deed = Deed(
        at=1795428000.5, by="oncall", what="release", about='{"path":"kv/a","all":true}'
    )
    world.journal.add_deed(deed)

    assert get(world).json()["items"] == [
        {
            "at": "2026-11-23T10:00:00.500Z",
            "by": "oncall",
            "what": "release",
            "about": {"path": "kv/a", "all": True},
        }
    ]


def test_what_was_ordered(world: World) -> None:
    """Orders and reconciles are found in it, the newest first; dry runs are not."""
    world.enter("a", State.CONFLICT)
    for path, body in (
        ("adopt", {"all": True, "dry_run": True}),
        ("adopt", {"all": True}),
        ("reconcile", {"prune": True}),
        ("plan", {}),
    ):
        world.request("POST", f"/v1/{path}", token="admin-token", json=body)
    items = get(world).json()["items"]

    assert [(item["what"], item["about"]) for item in items] == [
        ("reconcile", {"prune": True}),
        ("adopt", {"all": True}),
    ]


def test_pages(world: World) -> None:
    """The number of the last one leads to the next page; the last page has none."""
    for number in range(5):
        world.journal.add_deed(
            Deed(at=float(number), by="oncall", what="retry", about="{}")
        )
    first = get(world, "?limit=2").json()
    second = get(world, f"?limit=2&before={first['next']}").json()
    third = get(world, f"?limit=2&before={second['next']}").json()
    pages = [first, second, third]

    assert [[item["at"][17:19] for item in page["items"]] for page in pages] == [
        ["04", "03"],
        ["02", "01"],
        ["00"],
    ]
    assert third["next"] is None
    assert get(world, "?limit=5").json()["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=c4n4ry", "limit"),
        ("before=c4n4ry", "before"),
        ("before=0", "before"),
        ("before=99999999999999999999999", "before"),
    ],
)
def test_a_wrong_query(world: World, query: str, field: str) -> None:
    """A query that does not fit is refused by its field, without its value."""
    answer = get(world, f"?{query}")

    assert answer.json() == {"error": "is not valid", "field": field}
    assert answer.status_code == 422
