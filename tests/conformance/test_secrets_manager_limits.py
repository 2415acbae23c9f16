"""What AWS Secrets Manager refuses: too long, too many, deleted, without a key.

Run against the strict layer, and with ``pytest -m aws`` against a real account. Where
AWS documents no error code, any refusal of the request counts.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.strict_aws.account import Account, eventually, new_token, refused

pytest_plugins = ["tests.strict_aws.fixtures"]

SCHEDULED = "InvalidRequestException"
BAD = ("ValidationException", "InvalidParameterException", "InvalidRequestException")
BAD_KEY = (
    "EncryptionFailure",
    "DecryptionFailure",
    "AccessDeniedException",
    "InvalidParameterException",
)
MOST_BYTES, MOST_TAGS, LONGEST_DESCRIPTION, LONGEST_NAME = 65_536, 50, 2_048, 512


def scheduled(account: Account) -> tuple[str, str]:
    """A secret that is to be deleted, and its token."""
    name, token = account.create()
    account.secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return name, token


def tags(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"Key": f"k{i}", "Value": "v"} for i in range(start, start + count)]


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_secret_value", {"SecretString": "1"}),
        ("update_secret", {"Description": "new"}),
        ("tag_resource", {"Tags": tags(1)}),
        ("untag_resource", {"TagKeys": ["k0"]}),
        ("get_secret_value", {}),
    ],
)
def test_a_scheduled_secret_is_left_alone(
    account: Account, aws: Any, operation: str, request_: dict[str, Any]
) -> None:
    """No reading, writing, tagging until it is restored."""
    name, _ = scheduled(account)
    with refused(SCHEDULED):
        getattr(aws, operation)(SecretId=name, **request_)


@pytest.mark.parametrize("again", [True, False])
def test_a_scheduled_name_is_taken(account: Account, aws: Any, again: bool) -> None:
    """Also for the request that created it, token and value equal."""
    name, token = scheduled(account)
    chosen = token if again else new_token()
    with refused(SCHEDULED):
        aws.create_secret(Name=name, SecretString="0", ClientRequestToken=chosen)


def test_a_scheduled_secret_is_described_and_restored(
    account: Account, aws: Any
) -> None:
    """With its versions, and after that it is written again."""
    name, token = scheduled(account)
    assert "DeletedDate" in aws.describe_secret(SecretId=name)
    assert account.stages(name) == {token: ["AWSCURRENT"]}

    aws.restore_secret(SecretId=name)
    one = account.put(name, "1")
    assert account.stages(name)[one] == ["AWSCURRENT"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * (MOST_BYTES + 1), id="long"),
        pytest.param("\u00e9" * 40_000, id="long in bytes only"),
    ],
)
def test_a_value_has_1_to_65536_bytes(account: Account, aws: Any, value: str) -> None:
    """Bytes of UTF-8, not characters; on create and on put."""
    with refused(*BAD):
        account.create(SecretString=value)
    name, _ = account.create()
    with refused(*BAD):
        aws.put_secret_value(SecretId=name, SecretString=value)


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(" b", id="space"),
        pytest.param("*", id="star"),
        pytest.param("\u00e9", id="not ascii"),
        pytest.param("x" * LONGEST_NAME, id="long"),
    ],
)
def test_a_name_aws_cannot_hold_is_refused(
    account: Account, aws: Any, ending: str
) -> None:
    """Other letters, and more than 512 of them."""
    with refused("ValidationException", "InvalidParameterException"):
        aws.create_secret(Name=account.name(ending), SecretString="0")


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param({"Key": "k" * 129, "Value": "v"}, id="long key"),
        pytest.param({"Key": "k", "Value": "v" * 257}, id="long value"),
        pytest.param({"Key": "aws:k", "Value": "v"}, id="reserved"),
        pytest.param({"Key": "k", "Value": "*"}, id="character"),
    ],
)
def test_a_tag_aws_cannot_hold_is_refused(
    account: Account, aws: Any, tag: dict[str, str]
) -> None:
    """On create and later."""
    with refused(*BAD):
        account.create(Tags=[tag])
    name, _ = account.create()
    with refused(*BAD):
        aws.tag_resource(SecretId=name, Tags=[tag])


def test_a_secret_has_at_most_50_tags(account: Account, aws: Any) -> None:
    """At once, and together with those that it has; overwriting adds none."""
    with refused(*BAD, "LimitExceededException"):
        account.create(Tags=tags(MOST_TAGS + 1))
    name, _ = account.create(Tags=tags(MOST_TAGS))
    aws.tag_resource(SecretId=name, Tags=tags(1))
    with refused(*BAD, "LimitExceededException"):
        aws.tag_resource(SecretId=name, Tags=tags(1, start=MOST_TAGS))


def test_what_is_just_short_enough_is_taken(account: Account, aws: Any) -> None:
    """The limits are those that we think they are."""
    aws.create_secret(
        Name=account.name(length=LONGEST_NAME),
        SecretString="\u00e9" * (MOST_BYTES // 2),
        Description="d" * LONGEST_DESCRIPTION,
        Tags=[{"Key": "k" * 128, "Value": "v" * 256}],
    )


def test_a_description_has_at_most_2048_characters(account: Account, aws: Any) -> None:
    """On create and on update."""
    long = "d" * (LONGEST_DESCRIPTION + 1)
    with refused(*BAD):
        account.create(Description=long)
    name, _ = account.create()
    with refused(*BAD):
        aws.update_secret(SecretId=name, Description=long)


@pytest.mark.parametrize("results", [0, 101])
def test_a_page_has_1_to_100_secrets(aws: Any, results: int) -> None:
    """More must be asked for page by page."""
    with refused(*BAD):
        aws.list_secrets(MaxResults=results)


def test_a_filter_has_the_letters_of_names(aws: Any) -> None:
    """It is a prefix; a pattern is refused rather than not found."""
    with refused(*BAD):
        aws.list_secrets(Filters=[{"Key": "name", "Values": ["a*"]}])


def test_a_token_has_32_to_64_characters(account: Account) -> None:
    """So has the version id."""
    for length in (31, 65):
        with refused(*BAD):
            account.create(ClientRequestToken="t" * length)


def test_a_partial_arn_fails_when_the_name_ends_like_a_suffix(
    account: Account, aws: Any
) -> None:
    """AWS takes the end of the name for the random one of the ARN."""
    name = account.name("-abcdef")
    arn = aws.create_secret(Name=name, SecretString="0")["ARN"]
    assert aws.get_secret_value(SecretId=arn)["SecretString"] == "0"
    with refused("ResourceNotFoundException"):
        aws.get_secret_value(SecretId=arn[: -len("-xxxxxx")])


def test_a_hundred_versions_a_day(account: Account) -> None:
    """Then the quota is used up, whatever is done with the old ones."""
    name, _ = account.create()
    with refused("LimitExceededException"):
        for number in range(1, 130):
            account.put(name, str(number))


def test_a_key_that_does_not_exist_is_refused(account: Account) -> None:
    """When the secret is made, not when it is read."""
    with refused(*BAD_KEY):
        account.create(KmsKeyId="00000000-0000-4000-8000-000000000000")


def test_a_disabled_key_neither_writes_nor_reads(account: Account, aws: Any) -> None:
    """The secret is there and its value out of reach."""
    key = account.new_key()
    name, _ = account.create(KmsKeyId=key)
    assert aws.get_secret_value(SecretId=name)["SecretString"] == "0"
    account.disable(key)

    def unreadable() -> bool:
        try:
            aws.get_secret_value(SecretId=name)
        except ClientError as error:
            return error.response["Error"]["Code"] in BAD_KEY
        return False

    eventually(unreadable)
    with refused(*BAD_KEY):
        account.put(name, "1")


def test_a_primary_with_replicas_is_not_deleted(account: Account, aws: Any) -> None:
    """They must be removed first."""
    region = "eu-west-1" if account.region != "eu-west-1" else "eu-central-1"
    name, _ = account.create(AddReplicaRegions=[{"Region": region}])
    with refused("InvalidParameterException", "InvalidRequestException"):
        aws.delete_secret(SecretId=name, RecoveryWindowInDays=7)
