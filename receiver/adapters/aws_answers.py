"""Between AWS's words and ours: secrets, tags and replicas. Pure.

Nothing of AWS's free text goes through: why a replica failed is one of our own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from receiver.core.state import Observed, Replica

#: AWS's own key. It is left out of most answers, and named in some.
AWS_KEY = "alias/aws/secretsmanager"


def described(answer: Mapping[str, Any]) -> Observed:
    """An answer of DescribeSecret."""
    replicas = tuple(_replica(one) for one in answer.get("ReplicationStatus", ()))
    return _observed(answer, answer.get("VersionIdsToStages", {}), replicas)


def listed(entry: Mapping[str, Any]) -> Observed:
    """One entry of ListSecrets, which does not tell of replicas."""
    return _observed(entry, entry.get("SecretVersionsToStages", {}), None)


def _observed(
    answer: Mapping[str, Any],
    stages: Mapping[str, Iterable[str]],
    replicas: tuple[Replica, ...] | None,
) -> Observed:
    changed = answer.get("LastChangedDate")
    return Observed(
        arn=answer["ARN"],
        tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())},
        stages={version_id: tuple(labels) for version_id, labels in stages.items()},
        deleting="DeletedDate" in answer,
        rotated=answer.get("RotationEnabled", False),
        owning_service=answer.get("OwningService"),
        description=answer.get("Description") or None,
        kms_key_id=_key(answer),
        replicas=replicas,
        changed_at=changed.timestamp() if changed else None,
    )


def _replica(status: Mapping[str, Any]) -> Replica:
    failed = None
    if status.get("Status") == "Failed":
        failed = _why_failed(status.get("StatusMessage", ""))
    return Replica(status["Region"], _key(status), failed)


def _key(answer: Mapping[str, Any]) -> str | None:
    key = answer.get("KmsKeyId")
    return None if not key or key.endswith(AWS_KEY) else str(key)


def _why_failed(message: str) -> str:
    text = message.lower()
    if "already exists" in text:
        return "NAME_EXISTS"
    if any(word in text for word in ("kms", "key", "encrypt")):
        return "KMS_KEY"
    return "OTHER"


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as a request has them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def replica_list(replicas: Iterable[Replica]) -> list[dict[str, str]]:
    """Replicas as a request has them."""
    return [
        {"Region": one.region, **_given(KmsKeyId=one.kms_key_id)} for one in replicas
    ]


def _given(**parameters: str | None) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value is not None}
