"""Every route of the receiver, with what fits its schema and with what does not.

The application publishes no schema; the tests ask it for the one it would publish, and
add the bodies, which the routes read themselves. Behind it are the real queue and
journal, so that what they would refuse shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import open_state
from receiver.core.causes import Cause
from receiver.core.state import Hint, SecretRef, State
from receiver.durable import SCHEMAS
from receiver.web.app import create_app
from receiver.web.choice import Order
from receiver.web.pauses import PauseRequest, ResumeRequest
from receiver.web.runs import PlanRequest, RunRequest
from receiver.web.sync import SyncRequest
from tests.unit.fuzz.mutations import JSONS
from tests.unit.receiver_web.conftest import World

pytestmark = pytest.mark.integration

BODIES: dict[str, type[msgspec.Struct]] = {
    "/v1/retry": Order,
    "/v1/adopt": Order,
    "/v1/release": Order,
    "/v1/pause": PauseRequest,
    "/v1/resume": ResumeRequest,
    "/v1/plan": PlanRequest,
    "/v1/reconcile": RunRequest,
    "/v1/secrets/sync": SyncRequest,
}
OPEN = {"/healthz", "/readyz", "/metrics", "/v1/events"}


@pytest.fixture
def real(tmp_path: Path) -> Iterator[World]:
    """The application over SQLite, with a secret of each kind in it."""
    world = World()
    with closing(open_state(tmp_path / "state.db", *SCHEMAS)) as state:
        clock = world.clock
        queue = SqliteQueue(state, now=clock.now, steady=clock.steady)
        world.journal = SqliteJournal(state)  # type: ignore[assignment]  # the real one
        world.queue = queue  # type: ignore[assignment]  # the real one
        for each in State:
            world.enter(f"one/{each}", each, cause=Cause.RELEASED)
        world.park(
            Hint(ref=SecretRef("", "kv", "parked")), Cause.VALUE_TOO_LARGE, "why"
        )
        world.parts = replace(world.parts, queue=queue, journal=world.journal)
        world.app = create_app(world.parts)
        yield world
        queue.close()


def schema() -> dict[str, Any]:
    """What FastAPI knows of the routes, and their bodies."""
    document = create_app(World().parts).openapi()
    for path, body in BODIES.items():
        (shape,), components = msgspec.json.schema_components(
            [body], ref_template="#/components/schemas/{name}"
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(
            components
        )
        content = {"application/json": {"schema": shape}}
        document["paths"][path]["post"]["requestBody"] = {"content": content}
    return document


SCHEMA = schema()
ROUTES = [
    (method, path) for path, methods in SCHEMA["paths"].items() for method in methods
]
#: Nothing can be wrong with a question that says nothing, nor with a path segment.
ASKED = [
    (mode, method, path)
    for method, path in ROUTES
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE
    or path in BODIES
    or "query" in str(SCHEMA["paths"][path][method].get("parameters"))
]
LOADED = schemathesis.openapi.from_dict(SCHEMA)
_ANY = settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=list(HealthCheck),
)


def send(world: World, case: Any, token: str) -> httpx.Response:
    """The case as a request. HTTP itself refuses some of what is generated."""
    given = case.as_transport_kwargs(base_url="http://receiver")
    headers = {
        name: value
        for name, value in given["headers"].items()
        if name.lower() not in ("authorization", "content-length")
    }
    more = {"content": given["data"]} if given.get("data") else {}
    if given.get("json") is not None:
        more["content"] = msgspec.json.encode(given["json"])
    return world.request(
        given["method"],
        given["url"],
        token=token,
        headers=[(n.encode(), str(v).encode()) for n, v in headers.items()],
        params=given.get("params"),
        **more,
    )


def texts(value: Any) -> Iterator[str]:
    """Every text in it that is long enough to be told from our own words."""
    if isinstance(value, str):
        if len(value) >= 6:
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)


def assert_in_order(case: Any, answer: httpx.Response) -> None:
    """No fault of ours, and a refusal that does not repeat what it refuses."""
    assert answer.status_code < 500
    if answer.status_code < 400:
        return
    assert "error" in answer.json()
    for sent in texts([case.query, case.body, case.path_parameters]):
        assert sent not in answer.text or sent in str(SCHEMA), sent


@pytest.mark.parametrize(("mode", "method", "path"), ASKED)
@_ANY
@given(data=st.data())
def test_no_request_is_a_fault_of_ours(
    real: World, mode: GenerationMode, method: str, path: str, data: Any
) -> None:
    """With a token that may do everything."""
    strategy = LOADED[path][method.upper()].as_strategy(generation_mode=mode)
    case = data.draw(strategy)

    assert_in_order(case, send(real, case, "admin-token"))


@pytest.mark.parametrize("path", [*BODIES])
@_ANY
@given(
    body=JSONS
    | st.dictionaries(
        st.sampled_from(
            ["rule", "path", "mount", "namespace", "cause", "all", "dry_run", "version"]
        ),
        JSONS
        | st.sampled_from(["hybrid", "kv", "one/parked", "kv/one/../x", True, "**"]),
    )
)
def test_no_order_is_a_fault_of_ours(real: World, path: str, body: Any) -> None:
    """Orders of known words with anything as their values."""
    content = msgspec.json.encode(body)
    answer = real.request("POST", path, token="admin-token", content=content)

    assert answer.status_code < 500
    assert answer.status_code < 400 or "error" in answer.json()


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer nobody", "Basic YTpi", "bearer admin-token x"]
)
def test_nothing_is_told_without_a_token(
    real: World, method: str, path: str, header: str | None
) -> None:
    """All of /v1 says 401, whatever is asked; the events do so for want of a
    signature."""
    headers = {"content-type": "application/json"}
    headers |= {"authorization": header} if header else {}
    filled = path.replace("{run_id}", "run-1")
    answer = real.request(method, filled, headers=headers, content=b"{")

    assert (answer.status_code == 401) == (path not in OPEN - {"/v1/events"})


@pytest.mark.parametrize("path", [*BODIES])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"path":' * 7_000,
        b'{"rule":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"path":"' + b"*a" * 30_000 + b'"}',
        b'{"path":"' + b"a/" * 30_000 + b'a"}',
        b'{"path":"\\ud800"}',
        b'{"path":"\xff"}',
        b'{"version":' + b"9" * 5_000 + b"}",
        b" " * 70_000,
        b"\x00",
    ],
)
def test_a_monstrous_order_is_refused(real: World, path: str, body: bytes) -> None:
    """Deep, long or no text: said in one sentence."""
    answer = real.request("POST", path, token="admin-token", content=body)

    assert 400 <= answer.status_code < 500
    assert len(answer.text) < 300


def test_every_route_was_looked_at() -> None:
    """The schema is that of all routes but those that only the list here opens."""
    assert {path for _, path in ROUTES} >= OPEN | set(BODIES)
