"""Moto's Secrets Manager with the states of AWS: labels, deletion, quota, keys.

Each override is one thing that AWS refuses or shows otherwise. AWSCURRENT has one
truth here, the label itself: what moto calls the default version follows it.
``install`` changes moto for the whole process and is called before its first request.
"""

from __future__ import annotations

import copy
import json
import re
import time
from types import SimpleNamespace
from typing import Any

from moto.kms.models import kms_backends
from moto.secretsmanager import models, urls
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    OperationNotPermittedOnReplica,
    SecretNotFoundException,
    SecretsManagerClientError,
)
from moto.secretsmanager.models import (
    FakeSecret,
    ReplicaSecret,
    SecretsManagerBackend,
    secretsmanager_backends,
)
from moto.secretsmanager.responses import SecretsManagerResponse

_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_DAY, _VERSIONS_A_DAY, _TAGS = 24 * 3600, 100, 50
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}")
_SCHEDULED = (
    "You can't perform this operation on the secret because it was marked for deletion."
)


def install() -> None:
    """Make every secret and every backend of this process a strict one."""
    models.FakeSecret = StrictSecret  # type: ignore[misc]  # moto has no other way in
    secretsmanager_backends.backend = StrictBackend


def freeze_listings(calls: int) -> None:
    """Let the next ``calls`` ListSecrets of each Region show what is there now."""
    for _, _, backend in secretsmanager_backends.iter_backends():
        if isinstance(backend, StrictBackend):
            backend.freeze_listing(calls)


class StrictSecret(FakeSecret):
    """A secret whose every label is on one version, and whose bare ones are hidden."""

    def version_with(self, label: str) -> str | None:
        """The version that has the label."""
        for version_id, version in self.versions.items():
            if label in version["version_stages"]:
                return version_id
        return None

    def reset_default_version(
        self, secret_version: dict[str, Any], version_id: str
    ) -> None:
        """Move AWSCURRENT here and AWSPREVIOUS to where it was; others stay."""
        before = self.version_with(_CURRENT)
        labels = list(secret_version["version_stages"])
        self.remove_version_stages_from_old_versions([*labels, _PREVIOUS])
        if before is not None:
            self.versions[before]["version_stages"].append(_PREVIOUS)
        self.versions[version_id] = secret_version
        self.default_version_id = version_id

    def _form_version_ids_to_stages(self) -> dict[str, Any]:
        """Describe and List show labelled versions only."""
        every = super()._form_version_ids_to_stages()
        return {version_id: labels for version_id, labels in every.items() if labels}


class StrictBackend(SecretsManagerBackend):
    """The secrets of one account in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._frozen = self.secrets
        self._frozen_calls = 0

    @property
    def _url_module(self) -> Any:
        """Moto looks for the routes beside the class; these are ours."""
        paths = {"{0}/$": StrictResponse.dispatch}
        return SimpleNamespace(url_bases=urls.url_bases, url_paths=paths)

    def freeze_listing(self, calls: int) -> None:
        """The next ``calls`` ListSecrets see the secrets as they are now."""
        self._frozen, self._frozen_calls = copy.deepcopy(self.secrets), calls

    def create_secret(self, name: str, *args: Any, **request: Any) -> str:
        """A scheduled name is refused whatever the token; tags and key are checked."""
        taken = self.secrets.get(name)
        if taken is not None and taken.is_deleted():
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is "
                "already scheduled for deletion."
            )
        _check_tag_count({tag["Key"] for tag in request["tags"]})
        self._check_key(request["kms_key_id"], "EncryptionFailure")
        return super().create_secret(name, *args, **request)

    def put_secret_value(self, secret_id: str, *args: Any, **request: Any) -> str:
        """Refused while scheduled, over the quota or without a usable key."""
        secret = self._writable(secret_id)
        self._check_key(secret.kms_key_id, "EncryptionFailure")
        _check_quota(secret, request["client_request_token"])
        return super().put_secret_value(secret_id, *args, **request)

    def update_secret(self, secret_id: str, *args: Any, **request: Any) -> str:
        """Refused as a put is; a quota only matters where there is a value."""
        secret = self._writable(secret_id)
        key = request["kms_key_id"] or secret.kms_key_id
        self._check_key(key, "EncryptionFailure")
        if request["secret_string"] is not None or request["secret_binary"] is not None:
            _check_quota(secret, request["client_request_token"])
        return super().update_secret(secret_id, *args, **request)

    def get_secret_value(self, secret_id: str, *args: Any, **request: Any) -> Any:
        """Unreadable without a usable key."""
        secret = self.secrets.get(secret_id)
        if isinstance(secret, FakeSecret) and not secret.is_deleted():
            self._check_key(secret.kms_key_id, "DecryptionFailure")
        return super().get_secret_value(secret_id, *args, **request)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Refused while scheduled, and beyond 50 together with those it has."""
        secret = self._writable(arn)
        _check_tag_count({tag["Key"] for tag in secret.tags or ()} | tags.keys())
        super().tag_resource(arn, tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Refused while scheduled."""
        self._writable(arn)
        super().untag_resource(arn, tag_keys)

    def update_secret_version_stage(
        self,
        secret_id: str,
        version_stage: str,
        remove_from_version_id: str,
        move_to_version_id: str,
    ) -> tuple[str, str]:
        """All or nothing, and only from where the label is."""
        secret = self._writable(secret_id)
        holder = secret.version_with(version_stage)
        if holder is not None and holder != remove_from_version_id:
            raise InvalidParameterException(
                f"Staging label {version_stage} is currently attached to version "
                f"{holder}, so you must reference it in RemoveFromVersionId."
            )
        if move_to_version_id and move_to_version_id not in secret.versions:
            raise InvalidParameterException(f"Not a valid version {move_to_version_id}")
        answer = super().update_secret_version_stage(
            secret_id, version_stage, remove_from_version_id, move_to_version_id
        )
        secret.set_default_version_id(secret.version_with(_CURRENT))
        return answer

    def list_secrets(self, *args: Any, **request: Any) -> Any:
        """What is there, or what was there when the listing was frozen."""
        if not self._frozen_calls:
            return super().list_secrets(*args, **request)
        self._frozen_calls -= 1
        now, self.secrets = self.secrets, self._frozen
        try:
            return super().list_secrets(*args, **request)
        finally:
            self.secrets = now

    def _is_valid_identifier(self, identifier: str) -> bool:
        """A partial ARN whose name ends like a suffix is taken for a whole one."""
        if identifier.startswith("arn:") and _SUFFIX.fullmatch(identifier[-7:]):
            return any(secret.arn == identifier for secret in self.secrets.values())
        return super()._is_valid_identifier(identifier)

    def _writable(self, secret_id: str) -> StrictSecret:
        if not self._is_valid_identifier(secret_id):
            raise SecretNotFoundException
        secret = self.secrets[secret_id]
        if isinstance(secret, ReplicaSecret):
            raise OperationNotPermittedOnReplica
        if secret.is_deleted():
            raise InvalidRequestException(_SCHEDULED)
        assert isinstance(secret, StrictSecret)
        return secret

    def _check_key(self, key_id: str | None, failure: str) -> None:
        if key_id is None or key_id.endswith(self.DEFAULT_KMS_KEY_ALIAS):
            return
        kms = kms_backends[self.account_id][self.region_name]
        wanted = kms.get_alias_name(key_id)
        for key in kms.list_keys():
            if wanted in {key.id, key.arn, *key.aliases} and key.enabled:
                return
        raise SecretsManagerClientError(failure, "The KMS key can't be used")


class StrictResponse(SecretsManagerResponse):
    """Answers without empty lists of labels."""

    def get_secret_value(self) -> str:
        """A version without labels has no list of them."""
        return json.dumps(_without_empty_labels(super().get_secret_value()))

    def put_secret_value(self) -> str:
        """The labels that the version has now, if any."""
        return json.dumps(_without_empty_labels(super().put_secret_value()))

    def list_secret_version_ids(self) -> str:
        """Versions without labels only when asked for."""
        secret = self.backend.describe_secret(self._get_param("SecretId"))
        answer = json.loads(super().list_secret_version_ids())
        versions = [_bare(version) for version in answer["Versions"]]
        if not self._get_param("IncludeDeprecated", if_none=False):
            versions = [version for version in versions if "VersionStages" in version]
        answer = {"ARN": secret.arn, "Name": secret.name, "Versions": versions}
        return json.dumps(answer)


def _without_empty_labels(answer: str) -> dict[str, Any]:
    return _bare(json.loads(answer))


def _bare(version: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in version.items() if k != "VersionStages" or v}


def _check_tag_count(keys: set[str]) -> None:
    if len(keys) > _TAGS:
        raise InvalidParameterException(f"A secret has at most {_TAGS} tags")


def _check_quota(secret: StrictSecret, token: str) -> None:
    """AWS keeps every version for a day, and a hundred of them."""
    since = time.time() - _DAY
    young = [v for v in secret.versions.values() if v["createdate"] > since]
    if token not in secret.versions and len(young) >= _VERSIONS_A_DAY:
        raise SecretsManagerClientError(
            "LimitExceededException", "The secret has too many versions"
        )
