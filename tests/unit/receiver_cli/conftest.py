"""A receiver that answers on a socket: the real application over fakes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from receiver.cli import app
from receiver.core.scope import Scope
from receiver.core.wish import Wish
from tests.unit.receiver_cli import documents
from tests.unit.receiver_web.conftest import FakeComparisons, World
from vault_audit_forwarder.program import command_line


class Comparisons(FakeComparisons):
    """Gives the plan and the run that a test has put there. ``looked_at``: somebody
    follows the run."""

    def __init__(self) -> None:
        super().__init__()
        self.the_plan = documents.plan()
        self.the_run = documents.run()
        self.looked_at = threading.Event()

    def plan(self, scope: Scope) -> dict[str, Any]:
        super().plan(scope)
        return self.the_plan

    def request(self, wish: Wish) -> str:
        self.plans = {self.the_plan["id"]}
        return super().request(wish)

    def run(self, run_id: str) -> dict[str, Any] | None:
        self.looked_at.set()
        return self.the_run if super().run(run_id) else None


@dataclass
class Receiver:
    """It listens at ``address``; ``world`` is what is behind it."""

    address: str
    world: World
    comparisons: Comparisons
    environment: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    comparisons = Comparisons()
    world = World(comparisons=comparisons)
    config = uvicorn.Config(
        world.app, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    environment = {
        "VAULT_REPLICATOR_ADDR": address,
        "VAULT_REPLICATOR_TOKEN": "admin-token",
    }
    yield Receiver(address, world, comparisons, environment)
    server.should_exit = True
    thread.join(30)
    listening.close()


#: Runs a command against the receiver; returns its exit code.
Command = Callable[..., int]


@pytest.fixture
def command(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name, value in receiver.environment.items():
        monkeypatch.setenv(name, value)
    return run


def run(*argv: object) -> int:
    """A command in this process, as the console script runs it."""
    return command_line.run(app, [str(one) for one in argv], prog="vault-replicator")
