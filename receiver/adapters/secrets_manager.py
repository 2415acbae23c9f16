"""AWS Secrets Manager through boto3: thin calls, and AWS's errors as ours.

No message of AWS's is passed on: a validation error may quote the value. What we
say is the operation, the error code and the request id. botocore repeats a call
once on its own; every put and create carries our version id as its token, so a
repetition changes nothing. Values are written and never read back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Observed
from receiver.ports import Surprise, VersionIdTaken

_CONNECT_TIMEOUT, _READ_TIMEOUT, _ATTEMPTS = 3, 10, 2
#: The longest that one call can take, in seconds; a lease must outlast it.
CALL_TIMEOUT = float(_ATTEMPTS * (_CONNECT_TIMEOUT + _READ_TIMEOUT) + 2)

_HOUR = 3600.0
_NOT_THERE = "ResourceNotFoundException"
_EXISTS = "ResourceExistsException"
_WRONG_STATE = "InvalidRequestException"
_WRONG_LABEL = "InvalidParameterException"
_THROTTLED = frozenset(
    ("ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown")
)
_DENIED = frozenset(
    ("AccessDeniedException", "AccessDenied", "UnrecognizedClientException")
)
_KMS = frozenset(("EncryptionFailure", "DecryptionFailure"))
_LATER = frozenset(("InternalServiceError", "ServiceUnavailable", "RequestTimeout"))

OnRequest = Callable[[str, str], None]


class SecretsManagerTargets:
    """One target for each Region, made when a rule first needs it."""

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None,
        connections: int,
        on_request: OnRequest,
    ) -> None:
        self._region = region
        self._endpoint_url = endpoint_url
        self._config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=connections,
            tcp_keepalive=True,
        )
        self._on_request = on_request
        self._lock = threading.Lock()
        self._made: dict[str, SecretsManager] = {}

    def for_rule(self, rule: Rule) -> SecretsManager:
        """The target of a rule's Region."""
        region = rule.target.region or self._region
        with self._lock:  # making a client is not thread-safe, using one is
            if region not in self._made:
                client = boto3.session.Session(region_name=region).client(
                    "secretsmanager",
                    endpoint_url=self._endpoint_url,
                    config=self._config,
                )
                self._made[region] = SecretsManager(client, region, self._on_request)
            return self._made[region]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for target in self._made.values():
                target.close()
            self._made.clear()


class SecretsManager:
    """The port ``Target`` on one boto3 client. Safe to use from several threads."""

    def __init__(self, client: Any, region: str, on_request: OnRequest) -> None:
        self._client = client
        self._region = region
        self._on_request = on_request

    @property
    def region(self) -> str:
        """The Region of the client."""
        return self._region

    def describe(self, name: str) -> Observed | None:
        """What AWS holds under this name or ARN; None: confirmed absent."""
        try:
            answer = self._call("DescribeSecret", (_NOT_THERE,), SecretId=name)
        except Surprise:
            return None
        return Observed(
            arn=answer["ARN"],
            tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())},
            stages={
                version_id: tuple(labels)
                for version_id, labels in answer.get("VersionIdsToStages", {}).items()
            },
            deleting="DeletedDate" in answer,
            rotated=answer.get("RotationEnabled", False),
            owning_service=answer.get("OwningService"),
        )

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
        optional = {"Description": spec.description, "KmsKeyId": spec.kms_key_id}
        answer = self._call(
            "CreateSecret",
            (_EXISTS, _WRONG_STATE),
            Name=name,
            SecretString=body,
            ClientRequestToken=version_id,
            Tags=_tag_list(tags),
            **{key: value for key, value in optional.items() if value is not None},
        )
        return str(answer["ARN"])

    def put(self, arn: str, *, body: str, version_id: str) -> bool:
        """Put the value under our version id; whether it is now current."""
        try:
            answer = self._call(
                "PutSecretValue",
                (_NOT_THERE, _WRONG_STATE, _EXISTS),
                SecretId=arn,
                SecretString=body,
                ClientRequestToken=version_id,
            )
        except Surprise as surprise:
            if surprise.args == (_EXISTS,):
                raise VersionIdTaken from surprise
            raise
        return "AWSCURRENT" in answer.get("VersionStages", ())

    def make_current(self, arn: str, *, version_id: str, instead_of: str) -> None:
        """Move AWSCURRENT; Surprise when somebody moved it meanwhile."""
        self._call(
            "UpdateSecretVersionStage",
            (_NOT_THERE, _WRONG_STATE, _WRONG_LABEL),
            SecretId=arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version_id,
            RemoveFromVersionId=instead_of,
        )

    def tag(self, arn: str, tags: dict[str, str]) -> None:
        """Add or overwrite tags."""
        self._call(
            "TagResource",
            (_NOT_THERE, _WRONG_STATE),
            SecretId=arn,
            Tags=_tag_list(tags),
        )

    def restore(self, arn: str) -> None:
        """Cancel a scheduled deletion."""
        self._call("RestoreSecret", (_NOT_THERE, _WRONG_STATE), SecretId=arn)

    def delete(self, arn: str, *, recovery_days: int | None) -> None:
        """Schedule the deletion, or delete at once when ``recovery_days`` is None."""
        how: dict[str, Any] = {"RecoveryWindowInDays": recovery_days}
        if recovery_days is None:
            how = {"ForceDeleteWithoutRecovery": True}
        self._call("DeleteSecret", (_NOT_THERE, _WRONG_STATE), SecretId=arn, **how)

    def check(self) -> None:
        """One harmless call, to see whether AWS answers us at all."""
        self._call("ListSecrets", (), MaxResults=1)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(
        self, operation: str, surprises: tuple[str, ...], **arguments: Any
    ) -> Mapping[str, Any]:
        method = getattr(self._client, _METHODS[operation])
        try:
            answer: Mapping[str, Any] = method(**arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "Unknown"))
            self._on_request(operation, code)
            if code in surprises:
                raise Surprise(code) from None
            raise _translate(operation, code, error.response) from None
        except BotoCoreError as error:
            kind = type(error).__name__
            self._on_request(operation, kind)
            # Such an error may quote an argument, so its text ends here.
            raise Temporary(Cause.AWS_UNREACHABLE, f"{operation}: {kind}") from None
        self._on_request(operation, "OK")
        return answer


_METHODS = {
    "DescribeSecret": "describe_secret",
    "CreateSecret": "create_secret",
    "PutSecretValue": "put_secret_value",
    "UpdateSecretVersionStage": "update_secret_version_stage",
    "TagResource": "tag_resource",
    "RestoreSecret": "restore_secret",
    "DeleteSecret": "delete_secret",
    "ListSecrets": "list_secrets",
}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _translate(operation: str, code: str, answer: Any) -> ReplicationError:
    meta = answer.get("ResponseMetadata", {})
    detail = f"{operation}: {code} (request {meta.get('RequestId', 'unknown')})"
    # Only whether KMS is named is taken from AWS's own text.
    names_kms = "kms" in str(answer.get("Error", {}).get("Message", "")).lower()
    if code in _KMS or (code in _DENIED and names_kms):
        return Permanent(Cause.KMS_DENIED, detail)
    if code in _DENIED:
        return Permanent(Cause.AWS_DENIED, detail)
    if code == "LimitExceededException":
        return Temporary(Cause.VERSION_BUDGET, detail, after=_HOUR)
    if code in _THROTTLED:
        return Temporary(Cause.AWS_THROTTLED, detail)
    if code in _LATER or meta.get("HTTPStatusCode", 0) >= 500:
        return Temporary(Cause.AWS_UNREACHABLE, detail)
    if "Token" in code or "Signature" in code:
        # Credentials expire and come back by themselves.
        return Temporary(Cause.AWS_UNREACHABLE, detail)
    return Permanent(Cause.AWS_REFUSED, detail)
