"""The application over fakes that pass the conformance suites, and a client for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from receiver.core.causes import Cause, ReplicationError
from receiver.core.rules import Rule, TargetSpec
from receiver.core.scope import Scope
from receiver.core.state import Entry, Hint, Lane, Mount, SecretRef, State, Work
from receiver.core.wish import UnknownPlan, Wish
from receiver.keyring import Token
from receiver.metrics import Metrics
from receiver.pauses import Pauses
from receiver.web.parts import Parts
from tests.fake_pauses import FakeKeptPauses
from tests.fakes import Clock, FakeJournal, FakeQueue, FakeSource
from tests.unit.receiver_web.one_application import Served
from vault_audit_forwarder import signing, wire

KEY = signing.parse_key(signing.new_key())
OTHER_KEY = signing.parse_key(signing.new_key())
TOKENS = [
    Token("reader", "read", "read-token"),
    Token("pipeline", "sync", "sync-token"),
    Token("oncall", "admin", "admin-token"),
]
REGION = "eu-central-1"
TARGET = TargetSpec(region=REGION)
RULES = (
    Rule(name="hybrid", mount="kv", exclude=("tmp/**",), target=TARGET),
    Rule(name="team", namespace="team", mount="old", target=TARGET),
)
MOUNTS = (Mount("", "kv", 2, "kv_1"), Mount("team", "old", 1, "kv_2"))
SOURCE = "vault-prod"


class FakeComparisons:
    """Remembers what it was asked for. ``failure`` is raised by ``plan``; ``plans``
    are those it knows."""

    def __init__(self) -> None:
        self.asked: list[Scope | Wish] = []
        self.failure: ReplicationError | None = None
        self.plans = {"7f3a9c"}

    def plan(self, scope: Scope) -> dict[str, Any]:
        self.asked.append(scope)
        if self.failure is not None:
            raise self.failure
        return {"id": "7f3a9c", "changes": []}

    def request(self, wish: Wish) -> str:
        if wish.if_plan not in (None, *self.plans):
            raise UnknownPlan
        self.asked.append(wish)
        return "run-1"

    def run(self, run_id: str) -> dict[str, Any] | None:
        return {"run_id": run_id, "state": "done"} if run_id == "run-1" else None


@dataclass
class World:
    """All that the application touches, and what it told."""

    clock: Clock = field(default_factory=Clock)
    journal: FakeJournal = field(default_factory=FakeJournal)
    source: FakeSource = field(default_factory=lambda: FakeSource(*MOUNTS))
    comparisons: FakeComparisons = field(default_factory=FakeComparisons)
    told: list[Any] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock.now, self.clock.steady)
        self.metrics = Metrics(now=self.clock.now)
        self.pauses = Pauses(
            FakeKeptPauses(),
            let_go=lambda: self.queue.hasten([Cause.PAUSED]),
            longest_write=1.0,
            now=self.clock.now,
            steady=self.clock.steady,
        )
        self.metrics.watch(
            self.queue,
            self.journal,
            rules=lambda: [rule.name for rule in RULES],
            is_paused=lambda rule: self.pauses.of(rule) is not None,
        )
        self.parts = Parts(
            queue=self.queue,
            journal=self.journal,
            source=self.source,
            comparisons=self.comparisons,
            pauses=self.pauses,
            metrics=self.metrics,
            source_name=SOURCE,
            rules=lambda: RULES,
            signing_keys=lambda: [OTHER_KEY, KEY],
            tokens=lambda: TOKENS,
            now=self.clock.now,
            compare_soon=lambda: self.told.append("compare"),
            mounts_changed=lambda *place: self.told.append(place),
            dependencies=lambda: {"vault": "unreachable", "aws": "ok"},
            reconcile=lambda: {"last": None},
            began=self.clock.now() - 7,
            faults=lambda: self.faults,
            body_timeout=0.2,
        )
        self.app: ASGIApp = Served(self.parts)

    def change(self, **parts: Any) -> None:
        """Build the application over other parts."""
        self.parts = replace(self.parts, **parts)
        self.app = Served(self.parts)

    def enter(self, path: str, state: State = State.IN_SYNC, **more: Any) -> Entry:
        """What the journal then holds of a secret, by default one of rule hybrid."""
        given = {"rule": "hybrid", "region": REGION, "name": f"kv/{path}"} | more
        ref = given.pop("ref", SecretRef("", "kv", path))
        entry = Entry(**({"ref": ref, "state": state, "arn": f"arn:{path}"} | given))
        assert self.journal.record(entry, expected=None)
        return self.journal.known(ref)[-1]

    def park(self, hint: Hint, cause: str, detail: str = "") -> None:
        """Work that a worker took and parked."""
        self.queue.add([hint])
        self.queue.park(self.take(), cause=cause, detail=detail)

    def take(self) -> Work:
        """What a worker would get now."""
        work = self.queue.take(list(Lane), lease=60, timeout=0)
        assert work is not None
        return work

    def sample(self, name: str, **labels: str) -> float | None:
        """One sample of the metrics."""
        value: float | None = self.metrics.registry.get_sample_value(
            f"vault_replicator_{name}", labels
        )
        return value

    async def ask(
        self, method: str, path: str, *, token: str = "", **more: Any
    ) -> httpx.Response:
        """One request to the application."""
        headers = httpx.Headers(more.pop("headers", None))
        if token:
            headers["authorization"] = f"Bearer {token}"
        # A failure of the application must show as what a client would see.
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://receiver"
        ) as client:
            return await client.request(method, path, headers=headers, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The same from a test that is not on a loop."""
        return asyncio.run(self.ask(method, path, **more))

    def post(
        self,
        *events: Any,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        key: signing.Key = KEY,
        age: float = 0,
    ) -> httpx.Response:
        """A webhook, signed as the forwarder signs. ``headers`` replace its own."""
        if body is None:
            body = json.dumps(list(events)).encode()
        signed = signing.sign(
            [key],
            message_id="msg_1",
            timestamp=int(self.clock.now() - age),
            body=body,
        )
        sent = {"content-type": wire.BATCH_JSON, **signed, **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not ...}
        return self.request("POST", "/v1/events", content=body, headers=sent)


@pytest.fixture
def world() -> World:
    return World()


Event = Callable[..., dict[str, Any]]


def event(
    kind: str = wire.CHANGED, /, source: str = SOURCE, **data: Any
) -> dict[str, Any]:
    """An event with good defaults; ``data`` replaces or adds."""
    if kind == wire.CHANGED:
        created = "2026-11-23T10:00:00.5Z"
        data = {
            "mount": "kv/",
            "path": "data/app/db",
            "mount_accessor": "kv_1",
            "version": 3,
            "created_time": created,
        } | data
    return {
        "specversion": "1.0",
        "type": kind,
        "source": f"vault://{source}",
        "forwarder": "vault-1",
        "id": "0b5b5d0e-2d39-4f3c-a0a5-8f0f2c6d4f11",
        "data": data,
    }


async def in_pieces(*pieces: bytes, pause: float = 0) -> AsyncIterator[bytes]:
    """A body without a length; the last piece comes after ``pause`` seconds."""
    for piece in pieces[:-1]:
        yield piece
    await asyncio.sleep(pause)
    yield pieces[-1]
