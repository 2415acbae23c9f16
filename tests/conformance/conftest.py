"""Every implementation of a port, under one name each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import StateFile, open_state
from receiver.durable import SCHEMAS
from receiver.ports import Journal, WorkQueue
from tests.fakes import Clock, FakeJournal, FakeQueue


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateFile]:
    opened = open_state(tmp_path / "state.db", *SCHEMAS)
    yield opened
    opened.close()


@pytest.fixture(params=["fake", "sqlite"])
def queue(request: pytest.FixtureRequest, clock: Clock) -> Iterator[WorkQueue]:
    if request.param == "fake":
        made: WorkQueue = FakeQueue(clock.now, clock.steady)
    else:
        state = request.getfixturevalue("state")
        made = SqliteQueue(state, now=clock.now, steady=clock.steady)
    yield made
    made.close()


@pytest.fixture(params=["fake", "sqlite"])
def journal(request: pytest.FixtureRequest) -> Journal:
    if request.param == "fake":
        return FakeJournal()
    return SqliteJournal(request.getfixturevalue("state"))
