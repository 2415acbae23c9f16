"""One emulated account for all tests of a worker: each makes names of its own in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import pytest

from tests.infra.emulated.deployment import (
    CHANGED,
    ORDINARY,
    Assembly,
    Deployment,
    synthesized,
)
from tests.infra.emulated.emulator import PROGRAM, Emulator

_NO_EMULATOR = "no ministack here: make .venv/.ministack installs it"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Starts in half a second; ``make test`` installs it."""
    if not PROGRAM.exists():
        pytest.skip(_NO_EMULATOR)
    emulator = Emulator(tmp_path_factory.mktemp("ministack"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Assembly, Assembly]:
    """An ordinary configuration, and the same after a change."""
    directory = tmp_path_factory.mktemp("assemblies")
    return (
        synthesized(directory / "ordinary", ORDINARY),
        synthesized(directory / "changed", CHANGED),
    )


@pytest.fixture(scope="session")
def reductions(assemblies: tuple[Assembly, Assembly]) -> list[str]:
    """The types of what was left out."""
    return assemblies[0].left_out


Begin: TypeAlias = Callable[[], AbstractContextManager[Deployment]]


@pytest.fixture(scope="session")
def begin(
    tmp_path_factory: pytest.TempPathFactory, assemblies: tuple[Assembly, Assembly]
) -> Begin:
    """Deploys the ordinary one for the first time, in an account of its own."""
    if not PROGRAM.exists():
        pytest.skip(_NO_EMULATOR)

    @contextmanager
    def deployed() -> Iterator[Deployment]:
        deployment = Deployment(tmp_path_factory.mktemp("deployment"))
        try:
            deployment.bootstrap()
            deployment.deploy(assemblies[0])
            yield deployment
        finally:
            deployment.stop()

    return deployed


@pytest.fixture(scope="module")
def deployment(begin: Begin) -> Iterator[Deployment]:
    """One for a module that does not change it."""
    with begin() as deployment:
        yield deployment
