"""One emulated account for all roles that a worker probes, each with names of its own;
and for each deployment one that has nothing else in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import pytest

from tests.infra.emulated.deployment import (
    CDK,
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
    if not PROGRAM.exists():
        pytest.skip(_NO_EMULATOR)
    if not CDK.exists() or shutil.which("node") is None:
        pytest.skip("no cdk here: make infra/node_modules/.cdk installs it")
    directory = tmp_path_factory.mktemp("assemblies")
    return (
        synthesized(directory / "ordinary", ORDINARY),
        synthesized(directory / "changed", CHANGED),
    )


Begin: TypeAlias = Callable[[], AbstractContextManager[Deployment]]


@pytest.fixture(scope="session")
def begin(
    tmp_path_factory: pytest.TempPathFactory, assemblies: tuple[Assembly, Assembly]
) -> Begin:
    """Deploys the ordinary one for the first time, in an account of its own."""

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
