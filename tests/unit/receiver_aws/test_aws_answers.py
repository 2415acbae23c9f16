"""What is read out of an answer of AWS, and what is left there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from receiver.adapters.aws_answers import described, listed, replica_list
from receiver.core.state import Observed, Replica

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234"
AWS_KEY = "alias/aws/secretsmanager"


def test_the_least_that_aws_says() -> None:
    """Only an ARN: a secret without value, tags, description."""
    assert described({"ARN": ARN}) == Observed(ARN, {}, {})


def test_all_that_aws_says() -> None:
    """Of a described secret."""
    changed = datetime(2026, 11, 23, 10, 0, 0, 500_000, tzinfo=UTC)
    answer = {
        "ARN": ARN,
        "Tags": [{"Key": "k", "Value": "v"}],
        "VersionIdsToStages": {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "own"]},
        "DeletedDate": changed,
        "RotationEnabled": True,
        "OwningService": "rds",
        "Description": "d",
        "KmsKeyId": KEY,
        "LastChangedDate": changed,
        "ReplicationStatus": [
            {"Region": "eu-west-1", "KmsKeyId": AWS_KEY, "Status": "InSync"},
            {"Region": "eu-west-2", "KmsKeyId": KEY, "Status": "InProgress"},
        ],
    }
    assert described(answer) == Observed(
        arn=ARN,
        tags={"k": "v"},
        stages={"v1": ("AWSPREVIOUS",), "v2": ("AWSCURRENT", "own")},
        deleting=True,
        rotated=True,
        owning_service="rds",
        description="d",
        kms_key_id=KEY,
        replicas=(Replica("eu-west-1"), Replica("eu-west-2", KEY)),
        changed_at=changed.timestamp(),
    )


def test_a_list_does_not_tell_of_replicas() -> None:
    """And has another word for the stages."""
    entry = {"ARN": ARN, "SecretVersionsToStages": {"v1": ["AWSCURRENT"]}}
    assert listed(entry) == Observed(ARN, {}, {"v1": ("AWSCURRENT",)}, replicas=None)


@pytest.mark.parametrize(
    "shown", ["", AWS_KEY, f"arn:aws:kms:eu-central-1:123456789012:{AWS_KEY}"]
)
def test_the_key_of_aws_is_none(shown: str) -> None:
    """Whatever it is called."""
    assert described({"ARN": ARN, "KmsKeyId": shown}).kms_key_id is None


@pytest.mark.parametrize(
    ("status", "message", "failed"),
    [
        (
            "Failed",
            "Secret with this name already exists in this region",
            "NAME_EXISTS",
        ),
        ("Failed", "The KMS key canary is disabled", "KMS_KEY"),
        ("Failed", "canary", "OTHER"),
        ("Failed", None, "OTHER"),
        ("InSync", "Replication succeeded", None),
        ("InProgress", None, None),
    ],
)
def test_why_a_copy_failed(
    status: str, message: str | None, failed: str | None
) -> None:
    """In our words: AWS's may hold a key, or anything else."""
    copy: dict[str, Any] = {"Region": "eu-west-1", "Status": status}
    if message is not None:
        copy["StatusMessage"] = message
    (replica,) = described({"ARN": ARN, "ReplicationStatus": [copy]}).replicas or ()
    assert replica.failed == failed


def test_a_request_names_a_key_only_where_there_is_one() -> None:
    """Without one AWS takes its own."""
    assert replica_list([Replica("eu-west-1"), Replica("eu-west-2", KEY)]) == [
        {"Region": "eu-west-1"},
        {"Region": "eu-west-2", "KmsKeyId": KEY},
    ]
