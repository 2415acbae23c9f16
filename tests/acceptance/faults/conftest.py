"""What the fault runs share: how long they are, what chance decides, and the doors.

By default they are short, and always the same. With FAULTS=long in the environment they
take as long as faults do; FAULTS_SEED sets what chance decides, and is printed.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import httpx
import pytest
import yaml

from receiver.demo.emulator import Emulator
from tests.acceptance.faults.load import Load
from tests.acceptance.faults.verdict import Verdict
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene
from tests.gate import Gate

IS_LONG = os.environ.get("FAULTS") == "long"
#: No brake: whoever deletes here all the time means it. The limits have tests of their
#: own, and a held delete would leave the sides unequal. Nor a day's budget of versions.
UNHINDERED = {
    "reconcile": {
        "interval": "never",
        "max_delete_percent": 100,
        "max_delete_count": 1_000_000,
        "max_delete_floor": 1_000_000,
    },
    "limits": {"writes_per_second": 200, "versions_per_day": 80},
}


#: What takes long, or shows little that others do not.
in_long_runs = pytest.mark.skipif(not IS_LONG, reason="only in make faults")


def only_long(*values: object) -> Any:
    """A set of parameters for long runs alone."""
    return pytest.param(*values, marks=in_long_runs)


@dataclass(frozen=True)
class Extent:
    """How long the faults are: ``rounds`` of kills, an ``outage`` in seconds, under a
    load of this ``pace``."""

    rounds: int
    outage: float
    pace: Mapping[str, Any]


@pytest.fixture(scope="session")
def extent() -> Extent:
    if IS_LONG:
        # So many secrets that none gets a day's worth of versions.
        return Extent(20, 120.0, {"per_second": 20.0, "secrets": 100})
    return Extent(3, 10.0, {"per_second": 20.0, "secrets": 12})


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str]) -> int:
    """Printed with every failure, and always in a long run."""
    fresh = secrets.randbelow(2**32) if IS_LONG else 1
    chosen = int(os.environ.get("FAULTS_SEED", fresh))
    with capsys.disabled() if IS_LONG else nullcontext():
        sys.stdout.write(f"FAULTS_SEED={chosen} ")
    return chosen


@dataclass
class Doors:
    """One before the receiver, one before Vault, one before AWS: the first is for the
    forwarder, the others for the receiver."""

    receiver: Gate
    vault: Gate
    aws: Gate


@pytest.fixture(scope="session")
def doors(emulator: Emulator) -> Iterator[Doors]:
    """They lead nowhere yet, but for the one to AWS."""
    with ExitStack() as undo:
        gates = [
            undo.enter_context(Gate(where))
            for where in ("http://127.0.0.1:1", "http://127.0.0.1:1", emulator.endpoint)
        ]
        yield Doors(*gates)


def _put_between(scene: Scene, doors: Doors) -> None:
    """From now on the programs meet each other, and Vault, through the doors."""
    doors.receiver.lead_to(scene.receiver.address)
    doors.vault.lead_to(scene.installation.openbao.address)
    url = f"{doors.receiver.endpoint}/v1/events"
    _amend(scene, "replicator", "vault", address=doors.vault.endpoint)
    _amend(scene, "forwarder-1", "receiver", url=url)
    for program in (scene.receiver, scene.forwarder):
        program.stop()
        program.start()


def _amend(scene: Scene, program: str, section: str, **values: str) -> None:
    file = scene.installation.directory / f"{program}.yaml"
    document = yaml.safe_load(file.read_text())
    document[section].update(values)
    file.write_text(yaml.safe_dump(document))


@pytest.fixture(scope="session")
def _gated(build_once: Build, doors: Doors) -> Scene:
    scene = build_once(aws_endpoint=doors.aws.endpoint, replicator=UNHINDERED)
    _put_between(scene, doors)
    return scene


@pytest.fixture
def gated(_gated: Scene, doors: Doors) -> Scene:
    """A folder in an installation with all the doors in it, which are open."""
    for door in (doors.receiver, doors.vault, doors.aws):
        door.open()
    return replace(_gated, folder=f"folder-{secrets.token_hex(4)}/")


Judge: TypeAlias = "Callable[..., Verdict]"


@pytest.fixture
def judge(emulator: Emulator, hand: Hand) -> Iterator[Judge]:
    """Says what has come of a load."""
    with ExitStack() as undo:

        def judged(load: Load, **excuses: bool) -> Verdict:
            openbao = load.scene.installation.openbao
            reader = httpx.Client(
                base_url=f"{openbao.address}/v1/",
                headers={"X-Vault-Token": openbao.root_token},
                trust_env=False,
            )
            undo.enter_context(reader)
            return Verdict(load, reader, hand, emulator.endpoint, **excuses)

        yield judged


@pytest.fixture
def weather(emulator: Emulator) -> Iterator[Callable[..., None]]:
    """Sets AWS's; fair again afterwards."""

    def set_(hook: str, **body: float) -> None:
        where = f"{emulator.endpoint}/_strict/{hook}"
        httpx.post(where, json=body, trust_env=False).raise_for_status()

    yield set_
    set_("reset")
