"""Moto's Secrets Manager with the states of AWS: labels, deletion, quota, keys, copies.

Each override is one thing that AWS refuses or shows otherwise. AWSCURRENT has one
truth here, the label itself: what moto calls the default version follows it.
``install`` changes moto for the whole process and is called before its first request.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from moto.secretsmanager import models, urls
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    OperationNotPermittedOnReplica,
    ResourceExistsException,
    SecretNotFoundException,
    SecretsManagerClientError,
)
from moto.secretsmanager.models import (
    FakeSecret,
    ReplicaSecret,
    SecretsManagerBackend,
    SecretsStore,
    secretsmanager_backends,
)

from tests.strict_aws.responses import StrictResponse
from tests.strict_aws.secret import (
    AWS_KEY,
    CURRENT,
    StrictSecret,
    check_tag_count,
    is_usable,
)

_PAGE = 100
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}")
_SCHEDULED = (
    "You can't perform this operation on the secret because it was marked for deletion."
)
_NAME_SCHEDULED = (
    "You can't create this secret because a secret with this name is already scheduled "
    "for deletion."
)


def install() -> None:
    """Make every secret and every backend of this process a strict one."""
    models.FakeSecret = StrictSecret  # type: ignore[misc]  # moto has no other way in
    secretsmanager_backends.backend = StrictBackend


def freeze_listings(calls: int) -> None:
    """Let the next ``calls`` ListSecrets of each Region show what is there now."""
    for backend in _backends():
        backend.freeze_listing(calls)


def keep_names(calls: int) -> None:
    """Let the next ``calls`` CreateSecret of each Region find a force-deleted name
    taken."""
    for backend in _backends():
        backend.names_kept = calls


def _backends() -> Iterator[StrictBackend]:
    for _, _, backend in secretsmanager_backends.iter_backends():
        if isinstance(backend, StrictBackend):
            yield backend


class StrictBackend(SecretsManagerBackend):
    """The secrets of one account in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._frozen = self.secrets
        self._frozen_calls = 0
        self._force_deleted: set[str] = set()
        self.names_kept = 0

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
            raise InvalidRequestException(_NAME_SCHEDULED)
        if isinstance(taken, ReplicaSecret):
            raise ResourceExistsException(f"The secret {name} already exists.")
        if name in self._force_deleted and self.names_kept:
            self.names_kept -= 1
            raise InvalidRequestException(_NAME_SCHEDULED)
        check_tag_count({tag["Key"] for tag in request["tags"]})
        self._check_key(request["kms_key_id"], "EncryptionFailure")
        return super().create_secret(name, *args, **request)

    def put_secret_value(self, secret_id: str, *args: Any, **request: Any) -> str:
        """Refused while scheduled, over the quota or without a usable key."""
        secret = self._writable(secret_id)
        self._check_key(secret.kms_key_id, "EncryptionFailure")
        secret.check_quota(request["client_request_token"])
        return super().put_secret_value(secret_id, *args, **request)

    def update_secret(self, secret_id: str, *args: Any, **request: Any) -> str:
        """Refused as a put is; a quota only matters where there is a value. What is
        given empty is taken away, which moto takes for not given."""
        secret = self._writable(secret_id)
        key = request["kms_key_id"]
        used = secret.kms_key_id if key is None else key
        self._check_key(used, "EncryptionFailure")
        if request["secret_string"] is not None or request["secret_binary"] is not None:
            secret.check_quota(request["client_request_token"])
        answer = super().update_secret(secret_id, *args, **request)
        secret.kms_key_id = AWS_KEY if used == "" else used
        if request["description"] == "":
            secret.description = None
        return answer

    def get_secret_value(self, secret_id: str, *args: Any, **request: Any) -> Any:
        """Unreadable without a usable key."""
        secret = self.secrets.get(secret_id)
        if isinstance(secret, FakeSecret) and not secret.is_deleted():
            self._check_key(secret.kms_key_id, "DecryptionFailure")
        return super().get_secret_value(secret_id, *args, **request)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Refused while scheduled, and beyond 50 together with those it has."""
        secret = self._writable(arn)
        check_tag_count({tag["Key"] for tag in secret.tags or ()} | tags.keys())
        super().tag_resource(arn, tags)
        secret.touch()

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Refused while scheduled."""
        secret = self._writable(arn)
        super().untag_resource(arn, tag_keys)
        secret.touch()

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
        secret.set_default_version_id(secret.version_with(CURRENT))
        secret.touch()
        return answer

    def replicate_secret_to_regions(
        self,
        secret_id: str,
        replica_regions: list[dict[str, str]],
        force_overwrite: bool,
    ) -> tuple[str, list[dict[str, Any]]]:
        """Refused while scheduled, and where a copy is; a failed one is tried anew."""
        secret = self._writable(secret_id)
        wanted = {one["Region"] for one in replica_regions}
        before = [one for one in secret.replicas if one.region in wanted]
        if any(one.has_replica for one in before):
            raise InvalidParameterException("The secret is already replicated there.")
        super().replicate_secret_to_regions(secret_id, replica_regions, force_overwrite)
        secret.replicas = [one for one in secret.replicas if one not in before]
        secret.touch()
        return secret.arn, [one.config for one in secret.replicas]

    def remove_regions_from_replication(
        self, secret_id: str, replica_regions: list[str]
    ) -> tuple[str, list[dict[str, str]]]:
        """The copies go at once."""
        secret = self._writable(secret_id)
        _, left = super().remove_regions_from_replication(secret_id, replica_regions)
        secret.touch()
        return secret.arn, left

    def rotate_secret(
        self,
        secret_id: str,
        client_request_token: str | None = None,
        rotation_lambda_arn: str | None = None,
        rotation_rules: dict[str, Any] | None = None,
        rotate_immediately: bool = True,
    ) -> str:
        """Rotation is on, if there is a function for it; it is not run here, so there
        is no new version either, which moto would make without any value."""
        secret = self._writable(secret_id)
        function = rotation_lambda_arn or secret.rotation_lambda_arn
        if not function:
            raise InvalidRequestException("No Lambda rotation function ARN is given.")
        secret.rotation_lambda_arn = function
        secret.rotation_requested = secret.rotation_enabled = True
        days = (rotation_rules or {}).get("AutomaticallyAfterDays", 0)
        secret.auto_rotate_after_days = days
        secret.touch()
        return secret.to_short_dict()

    def delete_secret(
        self,
        secret_id: str,
        recovery_window_in_days: int | None,
        force_delete_without_recovery: bool,
    ) -> tuple[str, str, float]:
        """The name of one that is deleted at once can stay taken for a while."""
        secret = self.secrets.get(secret_id)
        answer = super().delete_secret(
            secret_id, recovery_window_in_days, force_delete_without_recovery
        )
        if secret is not None and force_delete_without_recovery:
            self._force_deleted.add(secret.name)
        return answer

    def list_secrets(
        self,
        filters: list[dict[str, Any]],
        max_results: int | None = None,
        next_token: str | None = None,
        include_planned_deletion: bool = False,
        *,
        newest_first: bool = False,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page is taken and then filtered: it can come out short, or empty, and not
        be the last. Of what is there, or was when the listing was frozen."""
        store = self._frozen if self._frozen_calls else self.secrets
        self._frozen_calls = max(0, self._frozen_calls - 1)
        keys = list(reversed(store)) if newest_first else list(store)
        start = int(next_token or 0)
        end = start + (max_results or _PAGE)
        page = {key: dict.__getitem__(store, key) for key in keys[start:end]}
        now, self.secrets = self.secrets, SecretsStore(page)
        try:
            found, _ = super().list_secrets(
                filters, _PAGE, None, include_planned_deletion
            )
        finally:
            self.secrets = now
        return found, str(end) if end < len(keys) else None

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
        if not is_usable(key_id, self.account_id, self.region_name):
            raise SecretsManagerClientError(failure, "The KMS key can't be used")
