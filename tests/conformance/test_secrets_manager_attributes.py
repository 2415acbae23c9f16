"""What AWS Secrets Manager does with all but the value: lists, tags, key, description.

Run against the strict layer, and with ``pytest -m aws`` against a real account.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.strict_aws.account import Account, eventually, refused

pytest_plugins = ["tests.strict_aws.fixtures"]


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "v"} for key in keys]


@pytest.fixture
def key() -> str:
    """A tag key that only this test has."""
    return f"k{uuid.uuid4().hex}"


def listed(aws: Any, tag_key: str, **request: Any) -> list[str]:
    """The names with a tag whose key begins so, of all pages."""
    asked = [{"Key": "tag-key", "Values": [tag_key]}]
    pages = aws.get_paginator("list_secrets").paginate(Filters=asked, **request)
    return list(pages.search("SecretList[].Name"))


def test_a_list_filters_by_the_start_of_a_tag_key(
    account: Account, aws: Any, key: str
) -> None:
    """Case counts; so a reader that means one key must look again."""
    exact, _ = account.create(Tags=tags(key))
    longer, _ = account.create(Tags=tags(f"{key}-too"))
    account.create(Tags=tags(key.upper()))
    account.create()

    eventually(lambda: set(listed(aws, key)) == {exact, longer})


def test_a_list_shows_scheduled_ones_only_when_asked(
    account: Account, aws: Any, key: str
) -> None:
    """With the date from which they are to be deleted."""
    live, _ = account.create(Tags=tags(key))
    scheduled, _ = account.create(Tags=tags(key))
    aws.delete_secret(SecretId=scheduled, RecoveryWindowInDays=7)

    eventually(lambda: listed(aws, key) == [live])
    everything = {"IncludePlannedDeletion": True}
    eventually(lambda: set(listed(aws, key, **everything)) == {live, scheduled})


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_list_is_ordered_by_creation(
    account: Account, aws: Any, key: str, order: str
) -> None:
    """So that what is created meanwhile does not move what is being read."""
    names = [account.create(Tags=tags(key))[0] for _ in range(3)]
    wanted = names if order == "asc" else names[::-1]
    asked = {"SortBy": "created-date", "SortOrder": order}

    eventually(lambda: listed(aws, key, **asked) == wanted)


def test_a_list_has_every_page(account: Account, aws: Any, key: str) -> None:
    """Each secret once, however small the pages are, and whichever of them is empty."""
    names = [account.create(Tags=tags(key))[0] for _ in range(5)]
    small = {"PaginationConfig": {"PageSize": 2}}

    eventually(lambda: sorted(listed(aws, key, **small)) == sorted(names))


@pytest.mark.parametrize("wrong", [{"SortBy": "size"}, {"SortOrder": "up"}])
def test_a_list_has_only_the_orders_that_there_are(
    aws: Any, wrong: dict[str, str]
) -> None:
    """A misspelt one is refused rather than ignored."""
    with refused("ValidationException", "InvalidParameterException"):
        aws.list_secrets(**wrong)


def test_an_entry_says_all_that_is_needed(account: Account, aws: Any, key: str) -> None:
    """Tags, labels, description, and when it changed; so nothing more is asked."""
    name, token = account.create(Tags=tags(key), Description="d")
    eventually(lambda: listed(aws, key) == [name])
    asked = [{"Key": "name", "Values": [name]}]
    pages = aws.get_paginator("list_secrets").paginate(Filters=asked)
    (entry,) = pages.search("SecretList[]")

    assert entry["SecretVersionsToStages"] == {token: ["AWSCURRENT"]}
    assert entry["Tags"] == tags(key)
    assert entry["Description"] == "d"
    assert entry["LastChangedDate"]
    assert "KmsKeyId" not in entry


def test_a_description_changes_without_a_version(account: Account, aws: Any) -> None:
    """And an empty one takes it away."""
    name, token = account.create(Description="old")

    aws.update_secret(SecretId=name, Description="new")
    assert aws.describe_secret(SecretId=name)["Description"] == "new"
    aws.update_secret(SecretId=name, Description="")
    assert not aws.describe_secret(SecretId=name).get("Description")
    assert account.stages(name) == {token: ["AWSCURRENT"]}


@pytest.mark.parametrize("own", ["alias/aws/secretsmanager", ""])
def test_a_key_changes_without_a_version(account: Account, aws: Any, own: str) -> None:
    """And back to AWS's own, which is then not shown, or shown by its alias."""
    key_id = account.new_key()
    name, token = account.create(Description="stays")

    aws.update_secret(SecretId=name, KmsKeyId=key_id)
    assert aws.describe_secret(SecretId=name)["KmsKeyId"].endswith(key_id)
    aws.update_secret(SecretId=name, KmsKeyId=own)
    shown = aws.describe_secret(SecretId=name)
    assert shown.get("KmsKeyId", own).endswith(own)
    assert shown["Description"] == "stays"
    assert account.stages(name) == {token: ["AWSCURRENT"]}


def test_a_key_that_cannot_be_used_is_not_taken(account: Account, aws: Any) -> None:
    """The old one stays."""
    name, _ = account.create()
    with refused(
        "EncryptionFailure",
        "DecryptionFailure",
        "AccessDeniedException",
        "InvalidParameterException",
    ):
        aws.update_secret(
            SecretId=name, KmsKeyId="00000000-0000-4000-8000-000000000000"
        )
    assert "KmsKeyId" not in aws.describe_secret(SecretId=name)


def test_a_tag_that_is_not_there_can_be_removed(account: Account, aws: Any) -> None:
    """Others stay."""
    name, _ = account.create(Tags=tags("a", "b"))
    aws.untag_resource(SecretId=name, TagKeys=["a", "nothing"])
    assert aws.describe_secret(SecretId=name)["Tags"] == tags("b")


def test_a_tag_is_a_change(account: Account, aws: Any) -> None:
    """LastChangedDate is that of anything, not of the value."""
    name, _ = account.create()
    before = aws.describe_secret(SecretId=name)["LastChangedDate"]
    aws.tag_resource(SecretId=name, Tags=tags("a"))

    def changed() -> bool:
        after = aws.describe_secret(SecretId=name)["LastChangedDate"]
        return bool(after > before)

    eventually(changed)


def test_rotation_needs_a_function(account: Account, aws: Any) -> None:
    """Without one it is not on."""
    name, token = account.create()
    with refused("InvalidRequestException", "InvalidParameterException"):
        aws.rotate_secret(SecretId=name, RotationRules={"AutomaticallyAfterDays": 30})
    assert not aws.describe_secret(SecretId=name).get("RotationEnabled")
    assert account.stages(name) == {token: ["AWSCURRENT"]}


def test_rotation_can_be_on(strict: Account) -> None:
    """Shown by Describe. Not tried in an account, which would need a function; the
    layer does not run it, so the value stays."""
    name, token = strict.create()
    strict.secrets.rotate_secret(
        SecretId=name,
        RotationLambdaARN="arn:aws:lambda:eu-central-1:123456789012:function:rotate",
        RotationRules={"AutomaticallyAfterDays": 30},
        RotateImmediately=False,
    )
    assert strict.secrets.describe_secret(SecretId=name)["RotationEnabled"]
    assert strict.stages(name) == {token: ["AWSCURRENT"]}

    strict.secrets.cancel_rotate_secret(SecretId=name)
    assert not strict.secrets.describe_secret(SecretId=name)["RotationEnabled"]
