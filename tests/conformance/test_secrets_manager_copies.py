"""What AWS Secrets Manager does with copies of a secret in other Regions.

Run against the strict layer, and with ``pytest -m aws`` against a real account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.strict_aws.account import Account, eventually, new_token, refused

pytest_plugins = ["tests.strict_aws.fixtures"]

NOT_HERE = ("InvalidRequestException", "InvalidParameterException")


@pytest.fixture
def region(account: Account) -> str:
    """The other Region."""
    return "eu-west-1" if account.region != "eu-west-1" else "eu-central-1"


@pytest.fixture
def there(account: Account, region: str) -> Any:
    """The client of the other Region, closed with the account."""
    return account.client("secretsmanager", region)


def status(aws: Any, name: str) -> dict[str, Any] | None:
    """Of the only copy."""
    found = aws.describe_secret(SecretId=name).get("ReplicationStatus", ())
    return dict(found[0]) if found else None


def wait_for(aws: Any, name: str, wanted: str) -> dict[str, Any]:
    """Until the copy's status is the wanted one."""
    eventually(lambda: (status(aws, name) or {}).get("Status") == wanted)
    return status(aws, name) or {}


@pytest.fixture
def copied(account: Account, aws: Any, region: str) -> str:
    """The name of a secret with a copy."""
    name, _ = account.create(
        AddReplicaRegions=[{"Region": region}], Tags=[{"Key": "k", "Value": "v"}]
    )
    wait_for(aws, name, "InSync")
    return name


@pytest.fixture
def occupied(account: Account, there: Any) -> Iterator[str]:
    """A name that another secret has in the other Region."""
    name = account.name()
    there.create_secret(Name=name, SecretString="theirs")
    yield name
    there.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_a_copy_has_the_same_versions_and_tags(
    account: Account, there: Any, copied: str, region: str
) -> None:
    """Under the same name and suffix, with the other Region in its ARN."""
    copy = there.describe_secret(SecretId=copied)
    primary = account.secrets.describe_secret(SecretId=copied)

    assert copy["VersionIdsToStages"] == primary["VersionIdsToStages"]
    assert copy["Tags"] == primary["Tags"]
    assert copy["ARN"] == primary["ARN"].replace(account.region, region, 1)
    assert copy["PrimaryRegion"] == account.region


def test_a_copy_follows(account: Account, there: Any, copied: str) -> None:
    """A new version is there too, under the same id."""
    token = account.put(copied, "1")

    def followed() -> bool:
        stages = there.describe_secret(SecretId=copied)["VersionIdsToStages"]
        return bool(stages.get(token) == ["AWSCURRENT"])

    eventually(followed)
    assert there.get_secret_value(SecretId=copied)["SecretString"] == "1"


def test_a_copy_is_listed_with_its_primary_region(
    account: Account, there: Any, copied: str
) -> None:
    """By which a reader of the list knows what it may write to."""

    def primary_regions(client: Any) -> list[str]:
        asked = [{"Key": "name", "Values": [copied]}]
        pages = client.get_paginator("list_secrets").paginate(Filters=asked)
        return [entry.get("PrimaryRegion") for entry in pages.search("SecretList[]")]

    eventually(lambda: primary_regions(there) == [account.region])
    eventually(lambda: primary_regions(account.secrets) == [account.region])


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_secret_value", {"SecretString": "1"}),
        ("update_secret", {"Description": "new"}),
        ("tag_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_resource", {"TagKeys": ["k"]}),
    ],
)
def test_a_copy_is_read_only(
    there: Any, copied: str, operation: str, request_: dict[str, Any]
) -> None:
    """It is written by way of its primary alone."""
    with refused(*NOT_HERE):
        getattr(there, operation)(SecretId=copied, **request_)


def test_the_name_of_a_copy_is_taken(there: Any, copied: str) -> None:
    """For a secret of that Region's own."""
    with refused("ResourceExistsException", *NOT_HERE):
        there.create_secret(
            Name=copied, SecretString="0", ClientRequestToken=new_token()
        )


def test_a_removed_copy_is_gone(aws: Any, there: Any, copied: str, region: str) -> None:
    """The primary stays, and can be deleted now."""
    aws.remove_regions_from_replication(SecretId=copied, RemoveReplicaRegions=[region])

    def gone() -> bool:
        try:
            there.describe_secret(SecretId=copied)
        except there.exceptions.ResourceNotFoundException:
            return status(aws, copied) is None
        return False

    eventually(gone)
    aws.delete_secret(SecretId=copied, RecoveryWindowInDays=7)


def test_a_copy_can_be_added_later(
    account: Account, aws: Any, there: Any, region: str
) -> None:
    """Under AWS's own key, unless another one is named."""
    name, token = account.create()
    aws.replicate_secret_to_regions(
        SecretId=name, AddReplicaRegions=[{"Region": region}]
    )
    assert wait_for(aws, name, "InSync")["KmsKeyId"] == "alias/aws/secretsmanager"
    stages = there.describe_secret(SecretId=name)["VersionIdsToStages"]
    assert stages == {token: ["AWSCURRENT"]}


def test_a_copy_has_a_key_of_its_own(
    account: Account, aws: Any, there: Any, region: str
) -> None:
    """AWS's when none is named, whatever the primary's is."""
    name, _ = account.create(
        KmsKeyId=account.new_key(), AddReplicaRegions=[{"Region": region}]
    )
    wait_for(aws, name, "InSync")
    shown = there.describe_secret(SecretId=name)
    assert shown.get("KmsKeyId", "aws/secretsmanager").endswith("aws/secretsmanager")


def test_another_secret_is_not_overwritten(
    aws: Any, there: Any, occupied: str, region: str
) -> None:
    """The copy fails and says why; the secret itself is there all the same."""
    aws.create_secret(
        Name=occupied, SecretString="ours", AddReplicaRegions=[{"Region": region}]
    )
    message = wait_for(aws, occupied, "Failed")["StatusMessage"]

    assert "already exists" in message
    assert there.get_secret_value(SecretId=occupied)["SecretString"] == "theirs"
    assert aws.get_secret_value(SecretId=occupied)["SecretString"] == "ours"


def test_a_failed_copy_is_tried_again(
    account: Account, aws: Any, there: Any, region: str
) -> None:
    """When what stood in its way has gone."""
    name = account.name()
    there.create_secret(Name=name, SecretString="theirs")
    copy = [{"Region": region}]
    aws.create_secret(Name=name, SecretString="ours", AddReplicaRegions=copy)
    wait_for(aws, name, "Failed")

    there.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    def works() -> bool:
        aws.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=copy)
        eventually(lambda: (status(aws, name) or {})["Status"] != "InProgress")
        return bool((status(aws, name) or {})["Status"] == "InSync")

    eventually(works)


@pytest.mark.parametrize("elsewhere", [True, False])
def test_not_every_region_takes_a_copy(
    account: Account, aws: Any, elsewhere: bool
) -> None:
    """The secret's own does not, nor one that does not exist."""
    region = "eu-nowhere-9" if elsewhere else account.region
    name, _ = account.create()
    with refused("InvalidParameterException", "ValidationException"):
        aws.replicate_secret_to_regions(
            SecretId=name, AddReplicaRegions=[{"Region": region}]
        )
    assert status(aws, name) is None


def test_a_scheduled_secret_gets_no_copy(
    account: Account, aws: Any, region: str
) -> None:
    """Until it is restored."""
    name, _ = account.create()
    aws.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    with refused("InvalidRequestException"):
        aws.replicate_secret_to_regions(
            SecretId=name, AddReplicaRegions=[{"Region": region}]
        )


def test_a_copy_needs_a_key_of_its_region(strict: Account) -> None:
    """A key of the primary's Region is of no use there. Not tried in an account:
    whether AWS refuses the call or fails the copy is not documented."""
    key = strict.new_key()
    name, _ = strict.create(
        AddReplicaRegions=[{"Region": "eu-west-1", "KmsKeyId": key}]
    )
    failed = wait_for(strict.secrets, name, "Failed")
    assert failed["KmsKeyId"] == key
    assert "KMS" in failed["StatusMessage"]
