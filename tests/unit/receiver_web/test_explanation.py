"""The page of ``explain``, over the document that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from receiver.web.auth import Gate
from receiver.web.page import routes
from tests.unit.receiver_web.conftest import World
from tests.unit.receiver_web.person import Person
from tests.unit.receiver_web.test_page import words

DOCUMENT: dict[str, Any] = {
    "verdict": "WAITING",
    "cause": "KMS_DENIED",
    "says": "AWS refused the key",
    "who": "AWS admin",
    "do": "allow it in the key policy",
    "command": "vault-replicator policy aws --statement kms",
    "then": "vault-replicator retry kv/a",
    "attempts": 4,
    "due": "2026-11-23T10:04:48Z",
    "stages": [
        {"stage": "rule", "is": "ok", "says": "hybrid matches"},
        {"stage": "aws", "is": "wrong", "says": "<b>AccessDenied</b>"},
        {"stage": "event", "is": "new-word", "says": ""},
    ],
    "others": [{"rule": "b", "name": None, "region": "eu-west-1", "cause": "IN_SYNC"}],
    "not_asked": ["vault: it took too long"],
}


class Explainer:
    """Gives the same document of whatever it is asked about."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.document = dict(DOCUMENT)

    def __call__(self, **names: Any) -> Mapping[str, Any]:
        self.asked.append(names)
        return self.document


@pytest.fixture
def explainer(world: World) -> Explainer:
    """Behind the page of an application that has one."""
    explainer = Explainer()
    app = FastAPI(openapi_url=None)
    app.add_middleware(Gate, tokens=world.parts.tokens, now=world.clock.now)
    app.include_router(routes.router(world.parts, explainer))
    world.app = app
    return explainer


def test_it_is_told_in_full(world: World, explainer: Explainer) -> None:
    """Verdict, who must act and how, and each stage on the way, as text."""
    person = Person(world)
    person.logs_in("read-token")
    link = "/explain?mount=kv&path=a"
    assert (
        f'href="{link.replace("&", "&amp;")}"'
        in person.sees("/secret?mount=kv&path=a").text
    )
    page = person.sees(link).text
    read = words(page)

    assert explainer.asked == [{"namespace": "", "mount": "kv", "path": "a"}]
    assert "WAITING: AWS refused the key KMS_DENIED, tried 4 times, next" in read
    assert "AWS admin: allow it in the key policy" in read
    assert "Run vault-replicator policy aws --statement kms" in read
    assert "✔ rule hybrid matches ✗ aws <b>AccessDenied</b> ? event" in read
    assert "Also under rule b: without a name in eu-west-1: IN_SYNC" in read
    assert "could not be asked: vault: it took too long" in read
    assert "<b>" not in page


def test_what_is_well_needs_nothing(world: World, explainer: Explainer) -> None:
    """Nobody is told to act."""
    explainer.document |= {"cause": "IN_SYNC", "who": "nobody", "command": ""}
    person = Person(world)
    person.logs_in()

    assert "nobody" not in words(person.sees("/explain?mount=kv&path=a").text)
