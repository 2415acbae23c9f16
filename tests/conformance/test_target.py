"""What every ``Target`` does: the fake, and Secrets Manager over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from receiver.adapters.secrets_manager import SecretsManagerTargets
from receiver.core.rules import Rule, TargetSpec
from receiver.ports import Surprise, Target, VersionIdTaken
from tests.fake_target import FakeTarget

ONE, TWO, THREE = (f"v{number}-" + "abcd" * 13 for number in (1, 2, 3))
REGION = "eu-central-1"


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """An emulator of Secrets Manager on a free port."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["fake", "emulator"])
def target(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Target]:
    if request.param == "fake":
        yield FakeTarget()
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    url = request.getfixturevalue("emulator")
    client = boto3.session.Session(region_name=REGION).client(
        "secretsmanager", endpoint_url=url
    )
    for secret in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    client.close()
    targets = SecretsManagerTargets(
        region=REGION, endpoint_url=url, connections=2, on_request=lambda *_: None
    )
    yield targets.for_rule(Rule(name="r", mount="kv"))
    targets.close()


def create(target: Target, name: str = "a/b", *, body: str = "1") -> str:
    """A new secret with version ONE."""
    return target.create(
        name, body=body, version_id=ONE, spec=TargetSpec(), tags={"k": "v"}
    )


def current(target: Target, name: str = "a/b") -> str | None:
    """The version id that is current."""
    observed = target.describe(name)
    assert observed is not None
    return observed.current


def test_what_is_not_there_is_none(target: Target) -> None:
    """Absent, by name and by ARN."""
    assert target.describe("nothing") is None


def test_what_was_created_can_be_described(target: Target) -> None:
    """By name and by ARN; our token is its version id."""
    arn = create(target)
    observed = target.describe("a/b")

    assert observed is not None
    assert observed == target.describe(arn)
    assert observed.arn == arn
    assert observed.tags == {"k": "v"}
    assert observed.stages[ONE] == ("AWSCURRENT",)
    assert not observed.deleting
    assert not observed.rotated


def test_creating_again_is_safe(target: Target) -> None:
    """The same call once more changes nothing; another value is a surprise."""
    assert create(target) == create(target)
    with pytest.raises(Surprise):
        target.create("a/b", body="2", version_id=TWO, spec=TargetSpec(), tags={})


def test_a_put_becomes_current(target: Target) -> None:
    """And the one before it the previous one."""
    arn = create(target)

    assert target.put(arn, body="2", version_id=TWO)
    observed = target.describe(arn)
    assert observed is not None
    assert observed.current == TWO
    assert observed.stages[ONE] == ("AWSPREVIOUS",)


def test_the_same_put_again_changes_nothing(target: Target) -> None:
    """So a call whose answer was lost can be repeated."""
    arn = create(target)

    assert target.put(arn, body="2", version_id=TWO)
    assert target.put(arn, body="2", version_id=TWO)
    assert current(target) == TWO


def test_a_version_id_never_gets_other_bytes(target: Target) -> None:
    """The caller takes the next nonce."""
    arn = create(target)

    with pytest.raises(VersionIdTaken):
        target.put(arn, body="other", version_id=ONE)


def test_putting_an_old_version_does_not_make_it_current(target: Target) -> None:
    """False, and the label must be moved."""
    arn = create(target)
    target.put(arn, body="2", version_id=TWO)

    assert not target.put(arn, body="1", version_id=ONE)
    assert current(target) == TWO

    target.make_current(arn, version_id=ONE, instead_of=TWO)
    assert current(target) == ONE


def test_a_label_that_somebody_moved_is_a_surprise(target: Target) -> None:
    """AWSCURRENT was not where we thought."""
    arn = create(target)
    target.put(arn, body="2", version_id=TWO)

    with pytest.raises(Surprise):
        target.make_current(arn, version_id=ONE, instead_of=ONE)


def test_tags_are_added_and_overwritten(target: Target) -> None:
    """Others stay."""
    arn = create(target)
    target.tag(arn, {"k": "w", "new": "x"})
    observed = target.describe(arn)

    assert observed is not None
    assert observed.tags == {"k": "w", "new": "x"}


def test_a_deletion_is_scheduled_and_undone(target: Target) -> None:
    """While it is scheduled the secret is described with its versions."""
    arn = create(target)
    target.delete(arn, recovery_days=7)
    observed = target.describe("a/b")

    assert observed is not None
    assert observed.deleting
    assert observed.current == ONE

    target.restore(arn)
    assert target.put(arn, body="2", version_id=TWO)


def test_a_deletion_at_once_leaves_nothing(target: Target) -> None:
    """And the name is free for another secret, with another ARN."""
    arn = create(target)
    target.delete(arn, recovery_days=None)

    assert target.describe("a/b") is None
    assert create(target) != arn


def test_calls_for_what_is_gone_are_surprises(target: Target) -> None:
    """The caller looks again."""
    arn = create(target)
    target.delete(arn, recovery_days=None)

    with pytest.raises(Surprise):
        target.put(arn, body="2", version_id=TWO)
    with pytest.raises(Surprise):
        target.tag(arn, {"a": "b"})
    with pytest.raises(Surprise):
        target.restore(arn)
