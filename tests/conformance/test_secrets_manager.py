"""What AWS Secrets Manager does with versions and labels, where it matters to us.

Run against the strict layer, and with ``pytest -m aws`` against a real account.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.strict_aws.account import Account, eventually, new_token, refused

pytest_plugins = ["tests.strict_aws.fixtures"]

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


def three_versions(account: Account) -> tuple[str, str, str, str]:
    """A secret and its tokens: deprecated, previous, current."""
    name, zero = account.create()
    return name, zero, account.put(name, "1"), account.put(name, "2")


def test_the_token_becomes_the_version_id(account: Account) -> None:
    """On create and on put, current at once."""
    name, zero = account.create()
    assert account.stages(name) == {zero: [CURRENT]}

    one = account.put(name, "1")
    assert account.stages(name) == {one: [CURRENT], zero: [PREVIOUS]}


def test_creating_the_same_again_changes_nothing(account: Account, aws: Any) -> None:
    """Name, token and value equal: the same answer."""
    name, token = account.create()
    aws.create_secret(Name=name, SecretString="0", ClientRequestToken=token)
    assert account.stages(name) == {token: [CURRENT]}


@pytest.mark.parametrize("same_token", [True, False])
def test_creating_another_is_refused(
    account: Account, aws: Any, same_token: bool
) -> None:
    """With another value under the token, or with another token."""
    name, token = account.create()
    value, other = ("1", token) if same_token else ("0", new_token())
    with refused("ResourceExistsException"):
        aws.create_secret(Name=name, SecretString=value, ClientRequestToken=other)


def test_a_token_never_gets_another_value(account: Account, aws: Any) -> None:
    """So a version id proves the bytes."""
    name, token = account.create()
    with refused("ResourceExistsException"):
        aws.put_secret_value(SecretId=name, SecretString="1", ClientRequestToken=token)


def test_the_same_put_again_changes_nothing(account: Account, aws: Any) -> None:
    """So a call whose answer was lost can be repeated."""
    name, zero = account.create()
    one = account.put(name, "1")
    aws.put_secret_value(SecretId=name, SecretString="1", ClientRequestToken=one)
    assert account.stages(name) == {one: [CURRENT], zero: [PREVIOUS]}


def test_a_put_of_the_previous_token_moves_nothing(account: Account, aws: Any) -> None:
    """And the answer shows the labels that version has."""
    name, _, one, two = three_versions(account)
    answer = aws.put_secret_value(
        SecretId=name, SecretString="1", ClientRequestToken=one
    )
    assert answer["VersionStages"] == [PREVIOUS]
    assert account.stages(name)[two] == [CURRENT]


def test_a_put_of_a_deprecated_token_moves_nothing(account: Account, aws: Any) -> None:
    """And the answer shows no labels, not an empty list of them."""
    name, zero, one, two = three_versions(account)
    answer = aws.put_secret_value(
        SecretId=name, SecretString="0", ClientRequestToken=zero
    )
    assert "VersionStages" not in answer
    assert account.stages(name) == {two: [CURRENT], one: [PREVIOUS]}


def test_describe_hides_deprecated_versions(account: Account) -> None:
    """After two puts the first version has no label and is not shown."""
    name, _, one, two = three_versions(account)
    assert account.stages(name) == {two: [CURRENT], one: [PREVIOUS]}


def test_a_listing_hides_deprecated_versions(account: Account, aws: Any) -> None:
    """As Describe does."""
    name, _, one, two = three_versions(account)

    def listed() -> bool:
        found = aws.list_secrets(Filters=[{"Key": "name", "Values": [name]}])
        wanted = {two: [CURRENT], one: [PREVIOUS]}
        return [e["SecretVersionsToStages"] for e in found["SecretList"]] == [wanted]

    eventually(listed)


def test_version_ids_hide_deprecated_ones_unless_asked(
    account: Account, aws: Any
) -> None:
    """With IncludeDeprecated they are there, without a list of labels."""
    name, zero, one, two = three_versions(account)
    labelled = aws.list_secret_version_ids(SecretId=name)["Versions"]
    assert {version["VersionId"] for version in labelled} == {one, two}

    every = aws.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)
    stages = {v["VersionId"]: v.get("VersionStages") for v in every["Versions"]}
    assert stages == {zero: None, one: [PREVIOUS], two: [CURRENT]}


def test_a_deprecated_version_is_readable_by_its_id(account: Account, aws: Any) -> None:
    """Until AWS collects it."""
    name, zero, _, _ = three_versions(account)
    answer = aws.get_secret_value(SecretId=name, VersionId=zero)
    assert answer["SecretString"] == "0"
    assert "VersionStages" not in answer


def move_current(aws: Any, name: str, *, to: str, away_from: str) -> None:
    aws.update_secret_version_stage(
        SecretId=name,
        VersionStage=CURRENT,
        MoveToVersionId=to,
        RemoveFromVersionId=away_from,
    )


def test_get_follows_the_label(account: Account, aws: Any) -> None:
    """Without a stage the value of the version that has AWSCURRENT now."""
    name, zero = account.create()
    one = account.put(name, "1")
    move_current(aws, name, to=zero, away_from=one)

    assert aws.get_secret_value(SecretId=name)["SecretString"] == "0"
    assert account.stages(name) == {zero: [CURRENT], one: [PREVIOUS]}


def test_previous_is_where_current_was_moved_away(account: Account, aws: Any) -> None:
    """Also by a put that follows a move."""
    name, zero = account.create()
    move_current(aws, name, to=zero, away_from=account.put(name, "1"))
    two = account.put(name, "2")

    assert account.stages(name) == {two: [CURRENT], zero: [PREVIOUS]}


@pytest.mark.parametrize("label", [CURRENT, "custom"])
def test_a_label_is_taken_only_from_where_it_is(
    account: Account, aws: Any, label: str
) -> None:
    """Whoever moves it must name the version that has it."""
    name, zero = account.create()
    one, two = new_token(), account.put(name, "2")
    aws.put_secret_value(
        SecretId=name,
        SecretString="1",
        ClientRequestToken=one,
        VersionStages=["custom"],
    )
    with refused("InvalidParameterException"):
        aws.update_secret_version_stage(
            SecretId=name, VersionStage=label, MoveToVersionId=zero
        )
    assert account.stages(name) == {
        two: [CURRENT],
        one: ["custom"],
        zero: [PREVIOUS],
    }


def test_a_label_of_ours_stays_when_current_leaves(account: Account, aws: Any) -> None:
    """A put moves AWSCURRENT and AWSPREVIOUS, no other."""
    name, zero = account.create()
    aws.update_secret_version_stage(
        SecretId=name, VersionStage="custom", MoveToVersionId=zero
    )
    one = account.put(name, "1")

    stages = {token: set(labels) for token, labels in account.stages(name).items()}
    assert stages == {one: {CURRENT}, zero: {PREVIOUS, "custom"}}


def test_a_move_to_no_version_changes_nothing(account: Account, aws: Any) -> None:
    """The label stays where it was."""
    name, zero = account.create()
    with refused("InvalidParameterException", "ResourceNotFoundException"):
        move_current(aws, name, to=new_token(), away_from=zero)
    assert account.stages(name) == {zero: [CURRENT]}
