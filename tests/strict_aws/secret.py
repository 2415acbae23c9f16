"""One secret and its copies in other Regions, as AWS keeps them.

A label is on one version at most; versions without any are hidden. A copy is made at
once, or has failed for the reason that AWS would give. Everything that changes a
secret moves its LastChangedDate.
"""

from __future__ import annotations

import time
from typing import Any

from moto.kms.models import kms_backends
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    SecretsManagerClientError,
)
from moto.secretsmanager.models import (
    FakeSecret,
    ReplicaSecret,
    SecretsManagerBackend,
    secretsmanager_backends,
)

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
AWS_KEY = SecretsManagerBackend.DEFAULT_KMS_KEY_ALIAS
_DAY, _VERSIONS_A_DAY, _TAGS = 24 * 3600, 100, 50


def is_usable(key_id: str | None, account_id: str, region: str) -> bool:
    """Whether the key is there and enabled. AWS's own always is."""
    if not key_id or key_id.endswith(AWS_KEY):
        return True
    kms = kms_backends[account_id][region]
    wanted = kms.get_alias_name(key_id)
    return any(
        key.enabled and wanted in {key.id, key.arn, *key.aliases}
        for key in kms.list_keys()
    )


def check_tag_count(keys: set[str]) -> None:
    """Refuse more tags than a secret can have."""
    if len(keys) > _TAGS:
        raise InvalidParameterException(f"A secret has at most {_TAGS} tags")


class StrictSecret(FakeSecret):
    """A secret whose every label is on one version, and whose bare ones are hidden."""

    def touch(self) -> None:
        """Something of it has changed now."""
        self.last_changed_date = time.time()  # type: ignore[assignment]  # moto: int

    def update(self, *args: Any, **changes: Any) -> None:
        """Moto's dates are whole seconds, in which an earlier change would be later."""
        super().update(*args, **changes)
        self.touch()

    def delete(self, deleted_date: float) -> None:
        """Scheduled to be deleted, which is a change too."""
        super().delete(deleted_date)
        self.touch()

    def restore(self) -> None:
        """No more scheduled."""
        super().restore()
        self.touch()

    def check_quota(self, token: str) -> None:
        """AWS keeps every version for a day, and a hundred of them."""
        since = time.time() - _DAY
        young = [v for v in self.versions.values() if v["createdate"] > since]
        if token not in self.versions and len(young) >= _VERSIONS_A_DAY:
            raise SecretsManagerClientError(
                "LimitExceededException", "The secret has too many versions"
            )

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
        before = self.version_with(CURRENT)
        labels = list(secret_version["version_stages"])
        self.remove_version_stages_from_old_versions([*labels, PREVIOUS])
        if before is not None:
            self.versions[before]["version_stages"].append(PREVIOUS)
        self.versions[version_id] = secret_version
        self.default_version_id = version_id

    def create_replicas(
        self, replica_regions: list[dict[str, str]], force_overwrite: bool
    ) -> list[ReplicaSecret]:
        """One for each Region; only what is no other Region is refused as a whole."""
        known = secretsmanager_backends[self.account_id].regions
        for wanted in replica_regions:
            if wanted["Region"] == self.region or wanted["Region"] not in known:
                raise InvalidParameterException("Invalid replica region.")
        return [self._replica(wanted, force_overwrite) for wanted in replica_regions]

    def to_dict(self) -> dict[str, Any]:
        """A primary says that it is one."""
        shown = super().to_dict()
        if self.replicas:
            shown["PrimaryRegion"] = self.region
        return shown

    def _replica(self, wanted: dict[str, str], force_overwrite: bool) -> ReplicaSecret:
        region, key = wanted["Region"], wanted.get("KmsKeyId") or AWS_KEY
        there = secretsmanager_backends[self.account_id][region].secrets
        why = None
        if not is_usable(key, self.account_id, region):
            why = f"Replication failed: The KMS key {key} can't be used"
        elif self.name in there and not force_overwrite:
            why = (
                f"Replication failed: Secret name {self.name} already exists in region "
                f"{region}."
            )
        replica = StrictReplica(self, region, key, why)
        if why is None:
            there.pop(self.name)
            there[replica.arn] = replica
        return replica

    def _form_version_ids_to_stages(self) -> dict[str, Any]:
        """Describe and List show labelled versions only."""
        every = super()._form_version_ids_to_stages()
        return {version_id: labels for version_id, labels in every.items() if labels}


class StrictReplica(ReplicaSecret):
    """A copy under a key of its own Region; ``why_failed`` None: it is there."""

    def __init__(
        self, source: FakeSecret, region: str, key: str, why_failed: str | None
    ) -> None:
        super().__init__(source, region, why_failed and "Failed", why_failed)
        # Only the ARN's own field: moto also changes a name that holds the Region's.
        self.arn = source.arn.replace(f":{source.region}:", f":{region}:", 1)
        self.config["KmsKeyId"] = key

    def to_dict(self) -> dict[str, Any]:
        """As the primary, but for what is its own."""
        shown = super().to_dict()
        shown.pop("ReplicationStatus", None)
        shown.pop("KmsKeyId", None)
        if self.config["KmsKeyId"] != AWS_KEY:
            shown["KmsKeyId"] = self.config["KmsKeyId"]
        return shown
