"""One emulated account for all tests of a worker: each makes names of its own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infra.emulated.emulator import PROGRAM, Emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Starts in half a second; ``make test`` installs it."""
    if not PROGRAM.exists():
        pytest.skip("no ministack here: make .venv/.ministack installs it")
    emulator = Emulator(tmp_path_factory.mktemp("ministack"))
    emulator.start()
    yield emulator
    emulator.stop()
