"""Bearer tokens: who is let in, how far, and what strangers learn (nothing)."""

from __future__ import annotations

import pytest

from receiver.core.state import State
from receiver.web.auth import find_token
from tests.unit.receiver_web.conftest import TOKENS, World

PATHS = [
    "/v1",
    "/v1/",
    "/v1/status",
    "/v1/secrets",
    "/v1/secrets/one",
    "/v1/secrets/sync",
    "/v1/reconcile",
    "/v1/reconcile/run-1",
    "/v1/release",
    "/v1/history",
    "/v1/events/",
    "/v1/no/such/thing",
    "/v1/%2e%2e/healthz",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token(world: World, path: str) -> None:
    """Every path below /v1 answers 401 alike, whether it exists or not."""
    for method in METHODS:
        answer = world.request(method, path)

        assert (method, answer.status_code) == (method, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert method == "HEAD" or set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/no/such/thing", 404),
        ("GET", "/v1/secrets/sync", 405),
        ("POST", "/v1/status", 405),
        ("GET", "/v1/reconcile", 405),
        ("POST", "/v1/pauses", 404),
    ],
)
def test_with_a_token(world: World, method: str, path: str, status: int) -> None:
    """Who has a token is told what is there, in JSON of ours."""
    answer = world.request(method, path, token="read-token")

    assert (answer.status_code, set(answer.json())) == (status, {"error"})


@pytest.mark.parametrize(
    ("token", "status", "sync"),
    [("read-token", 200, 403), ("sync-token", 200, 404), ("admin-token", 200, 404)],
)
def test_scopes_include_one_another(
    world: World, token: str, status: int, sync: int
) -> None:
    """read is in sync is in admin; what is outside a token's scope answers 403."""
    body = {"mount": "no-rule", "path": "x"}

    assert world.request("GET", "/v1/status", token=token).status_code == status
    answer = world.request("POST", "/v1/secrets/sync", token=token, json=body)
    assert answer.status_code == sync


@pytest.mark.parametrize("what", ["retry", "adopt", "release", "reconcile"])
@pytest.mark.parametrize("token", ["read-token", "sync-token"])
def test_orders_need_an_admin(world: World, what: str, token: str) -> None:
    """Who may not order is told so before the body is even looked at; nothing is
    done, and nothing is written down."""
    world.enter("a", State.CONFLICT)
    for body in (b'{"all": true}', b"no json"):
        answer = world.request("POST", f"/v1/{what}", token=token, content=body)

        assert (answer.status_code, set(answer.json())) == (403, {"error"})
    assert world.queue.hints == []
    assert world.comparisons.asked == []
    assert world.journal.deeds(before=None, limit=9) == []
    assert [entry.decision for entry in world.journal.entries()] == [None]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Bearer sync-token", "pipeline"),
        ("bearer  sync-token ", "pipeline"),
        ("Bearer sync-toke", None),
        ("Bearer sync-token2", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic sync-token", None),
        ("sync-token", None),
        ("", None),
        ("Bearer schl\u00fcssel \x80", None),
    ],
)
def test_the_header(header: str, name: str | None) -> None:
    """The scheme is Bearer in any case, and the token is compared whole."""
    found = find_token(header, TOKENS)

    assert (found.name if found else None) == name


def test_no_tokens_at_all() -> None:
    """Without configured tokens nobody gets in."""
    assert find_token("Bearer ", []) is None


@pytest.mark.parametrize("header", [b"Bearer \xff\xfe", b"\xff", b"Bearer a b"])
def test_odd_bytes(world: World, header: bytes) -> None:
    """Bytes that are no token are just no token."""
    answer = world.request("GET", "/v1/status", headers={"authorization": header})

    assert answer.status_code == 401
