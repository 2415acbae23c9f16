"""The real parts, shared where they can be, and an installation for every test.

One emulator serves all tests: each has a mount, and so a prefix in AWS, of its own.
OpenBao knows its audit devices from its start, so each installation brings one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from receiver.demo.emulator import Emulator, SecretsReader
from receiver.demo.installation import Installation, Layout, Mount
from tests.acceptance.gate import Gate
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, rule

_ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.acceptance)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(
        tmp_path_factory.mktemp("emulator"),
        module="tests.strict_aws",
        env={"PYTHONPATH": str(_ROOT)},
    )
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def aws(emulator: Emulator) -> Iterator[SecretsReader]:
    reader = SecretsReader(emulator.endpoint)
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def hand(emulator: Emulator) -> Iterator[Hand]:
    """Somebody with a console."""
    hand = Hand(emulator.endpoint)
    yield hand
    hand.close()


@pytest.fixture
def gate(emulator: Emulator) -> Iterator[Gate]:
    """A door between the receiver and AWS; give its endpoint to ``build``."""
    gate = Gate(emulator.endpoint)
    yield gate
    gate.close()


class Builder:
    """Makes and starts installations; ends them all with :meth:`close`."""

    def __init__(self, emulator: Emulator, aws: SecretsReader) -> None:
        self._emulator = emulator
        self._aws = aws
        self._running = ExitStack()

    def build(
        self,
        directory: Path,
        *,
        mount: str | None = None,
        aws_endpoint: str | None = None,
        replicator: dict[str, Any] | None = None,
        **layout: Any,
    ) -> Scene:
        """What is not named is the usual. Keywords besides are those of Layout."""
        mount = mount or f"kv-{secrets.token_hex(4)}"
        layout.setdefault("mounts", [Mount(name=mount)])
        layout.setdefault("rules", [rule(mount)])
        limits = {"limits": {"writes_per_second": 200}}
        installation = Installation(
            directory,
            Layout(
                source=f"vault-{secrets.token_hex(4)}",
                replicator=limits | (replicator or {}),
                **layout,
            ),
            aws_endpoint=aws_endpoint or self._emulator.endpoint,
        )
        self._running.callback(installation.stop)
        installation.start()
        return Scene(installation, self._aws, mount)

    def close(self) -> None:
        self._running.close()


@pytest.fixture
def build(tmp_path: Path, emulator: Emulator, aws: SecretsReader) -> Iterator[Build]:
    """Makes an installation for this test alone."""
    builder = Builder(emulator, aws)
    with closing(builder):
        yield partial(builder.build, tmp_path)


@pytest.fixture
def scene(build: Build) -> Scene:
    """The usual installation: one mount, one rule, one forwarder."""
    return build()


@pytest.fixture(scope="session")
def _usual(
    tmp_path_factory: pytest.TempPathFactory, emulator: Emulator, aws: SecretsReader
) -> Iterator[Scene]:
    builder = Builder(emulator, aws)
    with closing(builder):
        yield builder.build(tmp_path_factory.mktemp("usual"))


@pytest.fixture
def shared(_usual: Scene) -> Scene:
    """A folder in the usual installation, for tests that leave the programs alone."""
    return replace(_usual, folder=f"folder-{secrets.token_hex(4)}/")
