"""The adapter alone, over the strict layer: pages, copies and keys."""

from __future__ import annotations

import pytest

from receiver.adapters.aws_clients import SecretsManagerTargets
from receiver.core.causes import Cause, Permanent
from receiver.core.state import Replica
from tests.conformance.worlds import (
    ELSEWHERE,
    OURS,
    REGION,
    Hook,
    Requests,
    at,
    create,
    own_client,
)

pytest_plugins = ["tests.strict_aws.fixtures", "tests.conformance.world_fixtures"]


def new_key(layer: str, region: str) -> str:
    """The id of a new KMS key there."""
    kms = own_client(layer, "kms", region)
    key_id = str(kms.create_key()["KeyMetadata"]["KeyId"])
    kms.close()
    return key_id


def test_an_empty_page_is_not_the_end(
    targets: SecretsManagerTargets, requests: Requests
) -> None:
    """A hundred secrets of others, and ours behind them."""
    target = at(targets, REGION)
    for number in range(100):
        create(target, f"theirs/{number}", tags={})
    create(target, "ours", tags=OURS)
    requests.clear()

    assert [name for name, _ in target.listing()] == ["ours"]
    assert requests == [("ListSecrets", "OK")] * 2


def test_a_listing_is_read_page_by_page(
    targets: SecretsManagerTargets, requests: Requests, hook: Hook
) -> None:
    """The second page is asked for when the first is used up; its failure is raised,
    so that no reader takes the beginning for all there is."""
    target = at(targets, REGION)
    for number in range(101):
        create(target, f"ours/{number}", tags=OURS)
    requests.clear()

    listing = target.listing()
    first = [next(listing)[0] for _ in range(100)]
    assert first == [f"ours/{number}" for number in range(100)]
    assert requests == [("ListSecrets", "OK")]

    hook("_strict/deny", operation="ListSecrets")
    with pytest.raises(Permanent):
        next(listing)


def test_copies_of_another_region_are_not_listed(
    targets: SecretsManagerTargets,
) -> None:
    """Each Region lists its own, those that have copies elsewhere too."""
    here, there = at(targets, REGION), at(targets, ELSEWHERE)
    create(here, "copied", tags=OURS, replicas=(Replica(ELSEWHERE),))
    create(there, "of-its-own", tags=OURS)

    assert there.describe("copied") is not None
    assert [name for name, _ in there.listing()] == ["of-its-own"]
    assert [name for name, _ in here.listing()] == ["copied"]


def test_a_key_is_told_and_taken_back(
    targets: SecretsManagerTargets, layer: str
) -> None:
    """Ours by its id, AWS's own as None; also that of a copy."""
    ours, theirs = new_key(layer, REGION), new_key(layer, ELSEWHERE)
    target = at(targets, REGION)
    copy = Replica(ELSEWHERE, theirs)
    arn = create(target, "a", tags=OURS, kms_key_id=ours, replicas=(copy,))

    observed = target.describe(arn)
    assert observed is not None
    assert (observed.kms_key_id, observed.replicas) == (ours, (copy,))
    assert [listed.kms_key_id for _, listed in target.listing()] == [ours]

    target.update(arn, description=None, kms_key_id="")
    observed = target.describe(arn)
    assert observed is not None
    assert observed.kms_key_id is None


def test_a_copy_without_a_usable_key(
    targets: SecretsManagerTargets, layer: str
) -> None:
    """Fails for a reason of our own words, without the key."""
    key = new_key(layer, REGION)  # not of the other Region
    target = at(targets, REGION)
    create(target, "a", replicas=(Replica(ELSEWHERE, key),))

    observed = target.describe("a")
    assert observed is not None
    assert [copy.failed for copy in observed.replicas or ()] == ["KMS_KEY"]


def test_a_region_that_takes_no_copies(targets: SecretsManagerTargets) -> None:
    """Somebody must correct the rule; it is no surprise to look at again."""
    target = at(targets, REGION)
    arn = create(target, "a")
    with pytest.raises(Permanent, match="ReplicateSecretToRegions") as caught:
        target.replicate(arn, [Replica("eu-nowhere-9")])
    assert caught.value.cause is Cause.AWS_REFUSED


def test_rotation_is_told(targets: SecretsManagerTargets, layer: str) -> None:
    """By whoever turned it on."""
    target = at(targets, REGION)
    arn = create(target, "a")
    client = own_client(layer, "secretsmanager", REGION)
    client.rotate_secret(
        SecretId=arn,
        RotationLambdaARN="arn:aws:lambda:eu-central-1:123456789012:function:f",
        RotateImmediately=False,
    )
    client.close()

    observed = target.describe(arn)
    assert observed is not None
    assert observed.rotated
