"""A ``Target`` and the world around it, in which others do things too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from receiver.adapters.aws_clients import SecretsManagerTargets
from receiver.adapters.secrets_manager import SecretsManager
from receiver.core.rules import TargetSpec
from receiver.core.state import Observed
from receiver.ports import Target
from tests.fake_target import FakeTarget

ONE, TWO = (f"v{number}-" + "abcd" * 13 for number in (1, 2))
REGION, ELSEWHERE = "eu-central-1", "eu-west-1"
OURS = {"managed-by": "us"}

Hook = Callable[..., None]
Requests = list[tuple[str, str]]


@dataclass
class World:
    """A target, and what others can do to it."""

    target: Target
    #: Somebody creates a secret of this name in the Region ELSEWHERE.
    occupy: Callable[[str], object]
    #: So many creates of a force-deleted name are refused.
    keep_names: Callable[[int], object]


def fake_world() -> World:
    fake = FakeTarget(REGION)

    def keep_names(calls: int) -> None:
        fake.names_kept = calls

    return World(fake, lambda _: fake.taken_elsewhere.add(ELSEWHERE), keep_names)


def create(
    target: Target,
    name: str = "a/b",
    *,
    tags: dict[str, str] | None = None,
    **spec: Any,
) -> str:
    """A new secret with version ONE."""
    return target.create(
        name,
        body="1",
        version_id=ONE,
        spec=TargetSpec(**spec),
        tags={"k": "v"} if tags is None else tags,
    )


def seen(target: Target, name: str = "a/b") -> Observed:
    """What is described, which is there."""
    observed = target.describe(name)
    assert observed is not None
    return observed


def at(targets: SecretsManagerTargets, region: str, **role: Any) -> SecretsManager:
    """The target of this Region and role."""
    return targets.for_spec(TargetSpec(region=region, **role))


def own_client(layer: str, service: str, region: str) -> Any:
    """A client of the account that we run in; the caller closes it."""
    session: Any = boto3.session.Session(region_name=region)
    return session.client(
        service,
        endpoint_url=layer,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
