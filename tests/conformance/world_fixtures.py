"""Every ``Target`` in a world of its own.

AWS is the strict layer here, which is held to AWS itself by the tests beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from receiver.adapters.aws_clients import SecretsManagerTargets
from receiver.core.rules import TargetSpec
from receiver.demo import loopback
from receiver.paced import Paced
from receiver.ports import Target
from tests.conformance.worlds import (
    ELSEWHERE,
    REGION,
    Hook,
    Requests,
    World,
    create,
    fake_world,
)


@pytest.fixture
def hook(layer: str) -> Iterator[Hook]:
    """Posts to the layer; all that was set is off again after the test."""

    def post(path: str, **body: object) -> None:
        url = f"{layer}/{path}"
        loopback.request("POST", url, json=body).raise_for_status()

    yield post
    post("_strict/reset")


@pytest.fixture
def requests() -> Requests:
    """What AWS was asked for, and what it answered."""
    return []


@pytest.fixture
def targets(
    layer: str, hook: Hook, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecretsManagerTargets]:
    """The real adapter's, over a layer that holds nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    hook("moto-api/reset")
    made = SecretsManagerTargets(
        endpoint_url=layer,
        connections=2,
        on_request=lambda *request: requests.append(request),
    )
    yield made
    made.close()


@pytest.fixture(params=["fake", "paced", "aws"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param != "aws":
        made = fake_world()
        if request.param == "paced":
            made.target = Paced(made.target, turn=nullcontext)
        return made
    hook, targets = map(request.getfixturevalue, ("hook", "targets"))

    def keep_names(calls: int) -> None:
        hook("_strict/name-lag", calls=calls)

    def occupy(name: str) -> None:
        create(targets.for_spec(TargetSpec(region=ELSEWHERE)), name)

    return World(targets.for_spec(TargetSpec(region=REGION)), occupy, keep_names)


@pytest.fixture
def target(world: World) -> Target:
    return world.target
