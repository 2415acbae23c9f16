"""What a test can make the layer do, seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.strict_aws.account import Account, refused

pytest_plugins = ["tests.strict_aws.fixtures"]

Hook = Callable[..., dict[str, Any]]


@pytest.fixture
def hook(layer: str) -> Iterator[Hook]:
    """Sets the weather; fair again after the test."""

    def set_(route: str, **body: object) -> dict[str, Any]:
        url = f"{layer}/_strict/{route}"
        answer = httpx.post(url, json=body, trust_env=False).raise_for_status()
        weather: dict[str, Any] = answer.json()
        return weather

    yield set_
    set_("reset")


def listed(account: Account) -> set[str]:
    return {entry["Name"] for entry in account.secrets.list_secrets()["SecretList"]}


def test_the_next_calls_are_throttled(strict: Account, hook: Hook) -> None:
    """As many as were asked for, then none."""
    hook("throttle", calls=2)
    for _ in range(2):
        with refused("ThrottlingException"):
            strict.secrets.list_secrets()
    strict.secrets.list_secrets()


def test_the_next_calls_fail(strict: Account, hook: Hook) -> None:
    """With status 500, and nothing was done."""
    hook("fail", calls=1)
    with pytest.raises(ClientError) as caught:
        strict.create()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    strict.create()


def test_the_answers_to_the_next_calls_are_lost(strict: Account, hook: Hook) -> None:
    """With status 500, though it was done."""
    name, _ = strict.create()
    hook("lose", calls=1)
    with refused("InternalServiceError"):
        strict.put(name, "1")
    assert len(strict.stages(name)) == 2


def test_in_a_storm_the_same_calls_are_hit_each_time(
    strict: Account, hook: Hook
) -> None:
    """The seed decides which are throttled, fail, or are done and seem to fail."""

    def outcome() -> str:
        try:
            strict.secrets.list_secrets()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    storm = {"throttled": 0.3, "failing": 0.2, "lost": 0.1, "seed": 7}
    seen = []
    for _ in range(2):
        hook("storm", **storm)
        seen.append([outcome() for _ in range(40)])

    assert seen[0] == seen[1]
    assert {"ThrottlingException", "InternalServiceError", "done"} == {*seen[0]}


def test_every_change_is_in_the_ledger(strict: Account, layer: str, hook: Hook) -> None:
    """Also one whose answer was lost; none that failed, and no look at anything."""
    name, first = strict.create()
    hook("lose", calls=1)
    with refused("InternalServiceError"):
        strict.put(name, "1")
    hook("fail", calls=1)
    with refused("InternalServiceError"):
        strict.put(name, "2")
    strict.secrets.describe_secret(SecretId=name)
    strict.secrets.delete_secret(SecretId=name)

    route = f"{layer}/_strict/ledger?prefix={name}"
    changes = httpx.get(route, trust_env=False).json()["changes"]

    done = [one["operation"] for one in changes]
    assert done == ["CreateSecret", "PutSecretValue", "DeleteSecret"]
    assert {one["name"] for one in changes} == {name}
    assert changes[0]["version_id"] == first


@pytest.mark.parametrize("kms", [True, False])
def test_one_operation_is_denied(strict: Account, hook: Hook, kms: bool) -> None:
    """The message names KMS only when it is the key; others go on."""
    name, _ = strict.create()
    hook("deny", operation="PutSecretValue", kms=kms)
    with pytest.raises(ClientError) as caught:
        strict.put(name, "1")
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert ("kms" in error["Message"].lower()) == kms
    assert len(strict.stages(name)) == 1


def test_a_listing_lags(strict: Account, hook: Hook) -> None:
    """New ones are missing and labels are old for so many calls; Describe knows."""
    old, zero = strict.create()
    hook("list-lag", calls=2)
    new, _ = strict.create()
    strict.put(old, "1")

    for _ in range(2):
        assert new not in listed(strict)
    assert new in listed(strict)
    assert strict.stages(old)[zero] == ["AWSPREVIOUS"]


def test_a_lagging_entry_has_its_old_labels(strict: Account, hook: Hook) -> None:
    """The whole entry is old, not only which there are."""
    name, zero = strict.create()
    hook("list-lag", calls=1)
    strict.put(name, "1")

    found = strict.secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])
    stages = found["SecretList"][0]["SecretVersionsToStages"]
    assert stages == {zero: ["AWSCURRENT"]}


def test_a_force_deleted_name_stays_taken(strict: Account, hook: Hook) -> None:
    """For so many creates; Describe finds nothing, and other names are free."""
    name, token = strict.create()
    strict.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    hook("name-lag", calls=2)

    for _ in range(2):
        with refused("ResourceNotFoundException"):
            strict.secrets.describe_secret(SecretId=name)
        strict.create()
        with refused("InvalidRequestException"):
            strict.secrets.create_secret(Name=name, SecretString="1")
    strict.secrets.create_secret(Name=name, SecretString="1", ClientRequestToken=token)
    assert strict.stages(name) == {token: ["AWSCURRENT"]}


def test_a_role_can_be_out_of_reach(strict: Account, hook: Hook) -> None:
    """AssumeRole is denied as any other operation, by STS."""
    sts = strict.client("sts")
    role = {
        "RoleArn": "arn:aws:iam::222222222222:role/replicator",
        "RoleSessionName": "test",
    }
    sts.assume_role(**role)
    hook("deny", operation="AssumeRole")
    with refused("AccessDenied"):
        sts.assume_role(**role)


def test_reset_ends_all_of_it(strict: Account, hook: Hook) -> None:
    """Whatever was left of it; the secrets stay."""
    name, _ = strict.create()
    again, _ = strict.create()
    strict.secrets.delete_secret(SecretId=again, ForceDeleteWithoutRecovery=True)
    hook("throttle", calls=9)
    hook("fail", calls=9)
    hook("deny", operation="DescribeSecret")
    hook("list-lag", calls=9)
    hook("name-lag", calls=9)
    hook("lose", calls=9)
    hook("storm", throttled=1, failing=0, lost=0, seed=7)
    fair = {"throttled": 0, "failing": 0, "lost": 0, "denied": {}, "storm": None}
    assert hook("reset") == fair

    new, _ = strict.create()
    strict.secrets.create_secret(Name=again, SecretString="1")
    assert {name, new, again} <= listed(strict)
    assert strict.stages(name)


def test_an_unknown_hook_is_an_error(layer: str) -> None:
    """A misspelt one must not leave a test without its weather."""
    answer = httpx.post(f"{layer}/_strict/throtle", json={}, trust_env=False)
    assert answer.status_code == 404
