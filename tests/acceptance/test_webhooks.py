"""The receiver believes signatures and Vault, and no event."""

from __future__ import annotations

import pytest

from receiver.demo import loopback
from tests.acceptance.evidence import vault_reads
from tests.acceptance.scene import Scene
from vault_audit_forwarder import signing


@pytest.fixture
def living(shared: Scene) -> Scene:
    """A scene in which ``app/db`` is in AWS and nothing is under way."""
    shared.arrives("app/db", shared.put("app/db", a="b"))
    shared.settles()
    return shared


def test_a_forged_webhook_is_refused(living: Scene) -> None:
    """A signature by another key is 401, and AWS stays as it is."""
    before = living.held("app/db")
    body = living.change_event("app/db", operation="delete")

    answer = living.post_event(body, living.signed(body, key=signing.new_key()))

    assert answer.status_code == 401
    living.settles()
    assert living.held("app/db") == before


def test_an_unsigned_webhook_is_refused(living: Scene) -> None:
    """No signature is 401, and AWS stays as it is."""
    before = living.held("app/db")

    answer = living.post_event(living.change_event("app/db", operation="delete"), {})

    assert answer.status_code == 401
    living.settles()
    assert living.held("app/db") == before


@pytest.mark.parametrize("age", [600, -600])
def test_a_stale_webhook_is_refused(living: Scene, age: int) -> None:
    """A good signature ten minutes old, or from the future, is 400."""
    before = living.held("app/db")
    body = living.change_event("app/db", operation="delete")

    answer = living.post_event(body, living.signed(body, age=age))

    assert answer.status_code == 400
    living.settles()
    assert living.held("app/db") == before


def test_a_replayed_webhook_costs_at_most_one_read(living: Scene) -> None:
    """The same message again is 202 and changes nothing."""
    before = living.held("app/db")
    body = living.change_event("app/db", operation="update", version=1)
    headers = living.signed(body)
    assert living.post_event(body, headers).status_code == 202
    living.settles()
    reads = vault_reads(living, "app/db")

    answer = living.post_event(body, headers)

    assert answer.status_code == 202
    living.settles()
    assert vault_reads(living, "app/db") <= reads + 1
    assert living.held("app/db") == before


def test_a_signed_lie_about_a_deletion_deletes_nothing(living: Scene) -> None:
    """An event is a hint: Vault says that the secret lives, so it does."""
    before = living.held("app/db")
    body = living.change_event("app/db", operation="delete")

    answer = living.post_event(body, living.signed(body))

    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "ignored": 0}
    living.settles()
    assert living.held("app/db") == before


def test_every_other_route_asks_for_a_token(living: Scene) -> None:
    """Without a token nothing but events, health and metrics answers."""
    assert living.api("GET", "/v1/status").status_code == 200

    for headers in ({}, {"Authorization": "Bearer nobody"}):
        for path in ("/v1/status", "/v1/secrets", "/v1/history"):
            address = living.receiver.address + path
            answer = loopback.request("GET", address, headers=headers)
            assert answer.status_code == 401, path
