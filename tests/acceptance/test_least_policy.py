"""The IAM policy that is printed, held against every request that AWS got."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from receiver.core.fingerprint import MANAGED_BY, SEAL, SOURCE, US
from receiver.demo.emulator import REGION
from receiver.policies.statements import Statement
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, wait_until
from tests.acceptance.test_cli import alone
from tests.acceptance.test_leaks import requests_to_aws
from tests.gate import Gate
from tests.iam import Call, is_allowed

#: Each of these was made at least once, or the test has shown nothing of it.
_MADE = {
    "CreateSecret",
    "DeleteSecret",
    "DescribeSecret",
    "ListSecrets",
    "PutSecretValue",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecretVersionStage",
}


@pytest.fixture
def gated(build: Build, gate: Gate) -> Scene:
    """An installation whose requests to AWS are kept."""
    return build(aws_endpoint=gate.endpoint)


def live(scene: Scene, hand: Hand) -> None:
    """All that can happen to secrets."""
    scene.arrives("app/db", scene.put("app/db", a="1"))
    scene.arrives("app/db", scene.put("app/db", a="2"))
    hand.move_label_back(scene.name("app/db"))
    scene.reconcile()
    scene.is_scheduled("app/db", scene.delete("app/db"))
    scene.undelete("app/db", version=2)
    wait_until(lambda: not _held(scene, "app/db").deleted, "it is restored")
    hand.create(scene.name("app/shared"), "somebody's")
    scene.put("app/shared", a="1")
    wait_until(lambda: _state(scene, "app/shared") == "conflict", "a conflict")
    scene.order("adopt", path="app/shared")
    wait_until(lambda: _state(scene, "app/shared") == "in_sync", "it is ours")
    scene.order("release", path="app/shared")
    wait_until(lambda: _state(scene, "app/shared") == "orphaned", "it is let go")
    scene.order("adopt", path="app/shared")
    wait_until(lambda: _state(scene, "app/shared") == "in_sync", "it is ours again")
    scene.queue_drains()


def _held(scene: Scene, path: str) -> Any:
    held = scene.held(path)
    assert held is not None
    return held


def _state(scene: Scene, path: str) -> str | None:
    listed = scene.listed(path)
    return None if listed is None else listed["state"]


def statements(scene: Scene) -> list[Statement]:
    """As the command prints them for this installation."""
    said = alone(scene, "policy", "aws")
    assert said.code == 0, said
    found: list[Statement] = json.loads(said.out)["Statement"]
    return found


def requests(gate: Gate) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was called, with its parameters."""
    for target, whole in requests_to_aws(gate):
        body = whole.partition(b"\r\n\r\n")[2]
        yield target.removeprefix("secretsmanager."), json.loads(body)


def calls(made: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Call]:
    """The same as IAM sees it, each with the tags that the secret had by then. To
    create with tags takes the right to tag, too."""
    held: dict[str, dict[str, str]] = {}
    for operation, body in made:
        secret = _arn(body)
        tags = held.setdefault(secret, {})
        keys = body.get("TagKeys", list(_tags(body)))
        context = (
            {f"aws:RequestTag/{key}": value for key, value in _tags(body).items()}
            | {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            | {"aws:TagKeys": keys}
            | {_AT_ONCE: body.get("ForceDeleteWithoutRecovery", False)}
        )
        resource = "*" if operation == "ListSecrets" else secret
        tagging = ["TagResource"] if operation == "CreateSecret" else []
        for action in (operation, *tagging):
            yield Call(f"secretsmanager:{action}", resource, context)
        tags.update(_tags(body))
        for key in body.get("TagKeys", ()):
            tags.pop(key, None)


_AT_ONCE = "secretsmanager:ForceDeleteWithoutRecovery"


def _tags(body: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in body.get("Tags", ())}


def _arn(body: dict[str, Any]) -> str:
    """Without AWS's suffix, which a create does not know yet."""
    name = body.get("Name") or body.get("SecretId") or ""
    name = name.rpartition("-")[0] if name.startswith("arn:") else name
    return arn(name.rpartition(":secret:")[2])


def arn(name: str) -> str:
    """Of a secret with some suffix."""
    return f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{name}-AbCdEf"


def test_it_is_enough_and_no_more(gated: Scene, gate: Gate, hand: Hand) -> None:
    """Every request of a full life is allowed. Nothing is beyond the rules' names, on
    what is not ours, or that would read a value or take our tags away."""
    live(gated, hand)
    policy, made = statements(gated), list(requests(gate))
    assert {operation for operation, _ in made} == _MADE

    for call in calls(made):
        assert is_allowed(policy, call), call

    source = gated.installation.layout.source
    ours = {f"aws:ResourceTag/{MANAGED_BY}": US, f"aws:ResourceTag/{SOURCE}": source}
    here, elsewhere = arn(gated.name("app/db")), arn("elsewhere/app/db")
    assert is_allowed(policy, Call("secretsmanager:PutSecretValue", here, ours))
    for action, resource, context in [
        ("GetSecretValue", here, ours),
        ("BatchGetSecretValue", "*", {}),
        ("PutSecretValue", elsewhere, ours),
        ("PutSecretValue", here, {}),
        ("PutSecretValue", here, ours | {f"aws:ResourceTag/{SOURCE}": "another"}),
        ("CreateSecret", here, {}),
        ("UntagResource", here, ours | {"aws:TagKeys": [SEAL]}),
        ("DeleteSecret", here, ours | {_AT_ONCE: True}),
        ("DescribeSecret", elsewhere, ours),
        ("PutResourcePolicy", here, ours),
    ]:
        denied = Call(f"secretsmanager:{action}", resource, context)
        assert not is_allowed(policy, denied), denied
