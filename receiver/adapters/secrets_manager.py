"""AWS Secrets Manager: the port ``Target`` as thin calls of one boto3 client.

botocore repeats a call once on its own; every put and create carries our version id
as its token, so a repetition changes nothing. Values are written and never read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from receiver.adapters.aws_answers import (
    AWS_KEY,
    described,
    listed,
    replica_list,
    tag_list,
)
from receiver.adapters.aws_errors import (
    EXISTS,
    NOT_THERE,
    WRONG_PARAMETER,
    WRONG_STATE,
    OnRequest,
    translated,
)
from receiver.core.fingerprint import MANAGED_BY
from receiver.core.rules import TargetSpec
from receiver.core.state import Observed, Replica
from receiver.ports import Surprise, VersionIdTaken

#: AWS answers so when the secret went, or is about to, since we looked.
_NOT_LIVE = (NOT_THERE, WRONG_STATE)

_LISTING = {
    "IncludePlannedDeletion": True,
    "MaxResults": 100,
    # What is created meanwhile comes last, so no page shifts under the reader.
    "SortBy": "created-date",
    "SortOrder": "asc",
    "Filters": [{"Key": "tag-key", "Values": [MANAGED_BY]}],
}


class SecretsManager:
    """The port ``Target`` on one boto3 client. Safe to use from several threads."""

    def __init__(self, client: Any, on_request: OnRequest) -> None:
        self._client = client
        self._on_request = on_request

    def describe(self, name: str) -> Observed | None:
        """What AWS holds under this name or ARN; None: confirmed absent."""
        try:
            answer = self._call("DescribeSecret", (NOT_THERE,), SecretId=name)
        except Surprise:
            return None
        return described(answer)

    def listing(self) -> Iterator[tuple[str, Observed]]:
        """Every secret with our tag key, page by page."""
        here = self._client.meta.region_name
        page_token: dict[str, str] = {}
        while True:
            page = self._call("ListSecrets", (), **_LISTING, **page_token)
            for entry in page.get("SecretList", ()):
                observed = listed(entry)
                is_copy = entry.get("PrimaryRegion", here) != here
                # The filter takes a key that only begins so, too.
                if MANAGED_BY in observed.tags and not is_copy:
                    yield entry["Name"], observed
            # An empty page is not the last one; only a missing token tells.
            if not page.get("NextToken"):
                return
            page_token = {"NextToken": page["NextToken"]}

    def create(
        self,
        name: str,
        *,
        body: str,
        version_id: str,
        spec: TargetSpec,
        tags: dict[str, str],
    ) -> str:
        """Create with the value; returns the ARN. Surprise when the name is taken."""
        optional = {
            "Description": spec.description,
            "KmsKeyId": spec.kms_key_id,
            "AddReplicaRegions": replica_list(spec.replicas),
        }
        answer = self._call(
            "CreateSecret",
            (EXISTS, WRONG_STATE),
            Name=name,
            SecretString=body,
            ClientRequestToken=version_id,
            Tags=tag_list(tags),
            **{key: value for key, value in optional.items() if value},
        )
        return str(answer["ARN"])

    def put(self, arn: str, *, body: str, version_id: str) -> bool:
        """Put the value under our version id; whether it is now current."""
        try:
            answer = self._call(
                "PutSecretValue",
                (*_NOT_LIVE, EXISTS),
                SecretId=arn,
                SecretString=body,
                ClientRequestToken=version_id,
            )
        except Surprise as surprise:
            if surprise.args == (EXISTS,):
                raise VersionIdTaken from surprise
            raise
        return "AWSCURRENT" in answer.get("VersionStages", ())

    def make_current(self, arn: str, *, version_id: str, instead_of: str) -> None:
        """Move AWSCURRENT; Surprise when somebody moved it meanwhile."""
        self._call(
            "UpdateSecretVersionStage",
            (*_NOT_LIVE, WRONG_PARAMETER),
            SecretId=arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version_id,
            RemoveFromVersionId=instead_of,
        )

    def tag(self, arn: str, tags: dict[str, str]) -> None:
        """Add or overwrite tags."""
        self._call("TagResource", _NOT_LIVE, SecretId=arn, Tags=tag_list(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags; AWS does not mind those that are not there."""
        self._call("UntagResource", _NOT_LIVE, SecretId=arn, TagKeys=list(keys))

    def update(
        self, arn: str, *, description: str | None, kms_key_id: str | None
    ) -> None:
        """Change these two. Without a value in the request AWS makes no version."""
        changed: dict[str, str] = {}
        if description is not None:
            changed["Description"] = description
        if kms_key_id is not None:
            changed["KmsKeyId"] = kms_key_id or AWS_KEY
        self._call("UpdateSecret", _NOT_LIVE, SecretId=arn, **changed)

    def replicate(self, arn: str, replicas: Sequence[Replica]) -> None:
        """Add copies. Another secret of that name there is never overwritten."""
        self._call(
            "ReplicateSecretToRegions",
            _NOT_LIVE,
            SecretId=arn,
            AddReplicaRegions=replica_list(replicas),
            ForceOverwriteReplicaSecret=False,
        )

    def detach(self, arn: str, regions: Sequence[str]) -> None:
        """AWS deletes the copies in these Regions."""
        self._call(
            "RemoveRegionsFromReplication",
            (*_NOT_LIVE, WRONG_PARAMETER),
            SecretId=arn,
            RemoveReplicaRegions=list(regions),
        )

    def restore(self, arn: str) -> None:
        """Cancel a scheduled deletion."""
        self._call("RestoreSecret", _NOT_LIVE, SecretId=arn)

    def delete(self, arn: str, *, recovery_days: int | None) -> None:
        """Schedule the deletion, or delete at once when ``recovery_days`` is None.
        Surprise also when there are copies that we did not know of."""
        how: dict[str, Any] = {"RecoveryWindowInDays": recovery_days}
        if recovery_days is None:
            how = {"ForceDeleteWithoutRecovery": True}
        self._call("DeleteSecret", (*_NOT_LIVE, WRONG_PARAMETER), SecretId=arn, **how)

    def check(self) -> None:
        """One harmless call, to see whether AWS answers us at all."""
        self._call("ListSecrets", (), MaxResults=1)

    def _call(
        self, operation: str, surprises: tuple[str, ...], **arguments: Any
    ) -> Mapping[str, Any]:
        method = getattr(self._client, OPERATIONS[operation])
        with translated(operation, surprises=surprises, on_request=self._on_request):
            answer: Mapping[str, Any] = method(**arguments)
        return answer


#: All that is ever called, and nothing else: the least policy is made for these.
OPERATIONS = {
    "CreateSecret": "create_secret",
    "DeleteSecret": "delete_secret",
    "DescribeSecret": "describe_secret",
    "ListSecrets": "list_secrets",
    "PutSecretValue": "put_secret_value",
    "RemoveRegionsFromReplication": "remove_regions_from_replication",
    "ReplicateSecretToRegions": "replicate_secret_to_regions",
    "RestoreSecret": "restore_secret",
    "TagResource": "tag_resource",
    "UntagResource": "untag_resource",
    "UpdateSecret": "update_secret",
    "UpdateSecretVersionStage": "update_secret_version_stage",
}
