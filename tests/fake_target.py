"""Secrets Manager in memory, with the behaviour that the port ``Target`` promises.

Passes the same conformance suite as the real adapter. Besides, it can be told to
fail, and it counts its calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from receiver.core.fingerprint import MANAGED_BY
from receiver.core.rules import TargetSpec
from receiver.core.state import Observed, Replica
from receiver.ports import Surprise, VersionIdTaken

#: The calls that change nothing.
READS = ("describe", "listing")


@dataclass
class Secret:
    """One secret; ``stages`` maps labels to version ids, ``replicas`` Regions to
    copies. ``changed_at`` counts changes, not seconds."""

    arn: str
    tags: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    deleting: bool = False
    rotated: bool = False
    owning_service: str | None = None
    description: str | None = None
    kms_key_id: str | None = None
    replicas: dict[str, Replica] = field(default_factory=dict)
    changed_at: float = 0.0

    @property
    def value(self) -> str | None:
        """What a reader gets."""
        return self.values.get(self.stages.get("AWSCURRENT", ""))

    def observed(self, *, in_listing: bool = False) -> Observed:
        """As AWS shows it."""
        labels: dict[str, tuple[str, ...]] = {}
        for label, version_id in self.stages.items():
            labels[version_id] = (*labels.get(version_id, ()), label)
        return Observed(
            arn=self.arn,
            tags=dict(self.tags),
            stages=labels,
            deleting=self.deleting,
            rotated=self.rotated,
            owning_service=self.owning_service,
            description=self.description,
            kms_key_id=self.kms_key_id,
            replicas=None if in_listing else tuple(self.replicas.values()),
            changed_at=self.changed_at,
        )


class FakeTarget:
    """``calls`` lists the operations in order; inside ``failing`` one of them raises.

    ``taken_elsewhere`` holds Regions where a copy fails, because another secret has
    its name; ``names_kept`` is how many creates of a force-deleted name are refused.
    """

    def __init__(self, region: str = "eu-central-1") -> None:
        self.region = region
        self.secrets: dict[str, Secret] = {}
        self.calls: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.taken_elsewhere: set[str] = set()
        self.names_kept = 0
        self._force_deleted: set[str] = set()
        self._suffix = itertools.count(100000)
        self._changes = itertools.count(1)

    @property
    def writes(self) -> list[str]:
        """The calls that changed something."""
        return [call for call in self.calls if call not in READS]

    def describe(self, name: str) -> Observed | None:
        self._called("describe")
        found = self.secrets.get(name) or self._by_arn(name)
        return found.observed() if found else None

    def listing(self) -> Iterator[tuple[str, Observed]]:
        self._called("listing")
        for name, secret in list(self.secrets.items()):
            if MANAGED_BY in secret.tags:
                yield name, secret.observed(in_listing=True)

    def create(
        self,
        name: str,
        *,
        body: str,
        version_id: str,
        spec: TargetSpec,
        tags: dict[str, str],
    ) -> str:
        self._called("create")
        if old := self.secrets.get(name):
            if old.deleting or old.values != {version_id: body}:
                raise Surprise
            return old.arn
        if name in self._force_deleted and self.names_kept:
            self.names_kept -= 1
            raise Surprise
        suffix = next(self._suffix)
        arn = (
            f"arn:aws:secretsmanager:{self.region}:123456789012:secret:{name}-{suffix}"
        )
        made = Secret(arn, dict(tags), {version_id: body}, {"AWSCURRENT": version_id})
        made.description = spec.description or None
        made.kms_key_id = spec.kms_key_id
        self.secrets[name] = made
        self._copy(made, spec.replicas)
        return arn

    def put(self, arn: str, *, body: str, version_id: str) -> bool:
        self._called("put")
        secret = self._live(arn)
        if version_id in secret.values:
            if secret.values[version_id] != body:
                raise VersionIdTaken
            return secret.stages.get("AWSCURRENT") == version_id
        secret.values[version_id] = body
        self._move(secret, version_id)
        return True

    def make_current(self, arn: str, *, version_id: str, instead_of: str) -> None:
        self._called("make_current")
        secret = self._live(arn)
        if secret.stages.get("AWSCURRENT") != instead_of:
            raise Surprise
        if version_id not in secret.values:
            raise Surprise
        self._move(secret, version_id)

    def tag(self, arn: str, tags: dict[str, str]) -> None:
        self._called("tag")
        self._changed(self._live(arn)).tags.update(tags)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        self._called("untag")
        secret = self._changed(self._live(arn))
        secret.tags = {k: v for k, v in secret.tags.items() if k not in keys}

    def update(
        self, arn: str, *, description: str | None, kms_key_id: str | None
    ) -> None:
        self._called("update")
        secret = self._changed(self._live(arn))
        if description is not None:
            secret.description = description or None
        if kms_key_id is not None:
            secret.kms_key_id = kms_key_id or None

    def replicate(self, arn: str, replicas: Sequence[Replica]) -> None:
        self._called("replicate")
        self._copy(self._live(arn), replicas)

    def detach(self, arn: str, regions: Sequence[str]) -> None:
        self._called("detach")
        secret = self._changed(self._live(arn))
        for region in regions:
            secret.replicas.pop(region, None)

    def restore(self, arn: str) -> None:
        self._called("restore")
        secret = self._by_arn(arn)
        if secret is None:
            raise Surprise
        self._changed(secret).deleting = False

    def delete(self, arn: str, *, recovery_days: int | None) -> None:
        self._called("delete")
        secret = self._by_arn(arn)
        if secret is not None and secret.replicas:
            raise Surprise
        if recovery_days is None:
            gone = {name for name, one in self.secrets.items() if one is secret}
            self._force_deleted |= gone
            self.secrets = {k: v for k, v in self.secrets.items() if k not in gone}
        else:
            self._changed(self._live(arn)).deleting = True

    @contextmanager
    def losing(self, operation: str, error: Exception) -> Iterator[None]:
        """Inside, every call of ``operation`` is carried out and raises ``error``."""
        done = getattr(self, operation)

        def lost(*args: object, **more: object) -> None:
            done(*args, **more)
            raise error

        setattr(self, operation, lost)
        yield
        delattr(self, operation)

    @contextmanager
    def failing(self, operation: str, error: Exception) -> Iterator[None]:
        """Inside, every call of ``operation`` raises ``error`` and does nothing."""
        self.failures[operation] = error
        yield
        del self.failures[operation]

    def _called(self, operation: str) -> None:
        if error := self.failures.get(operation):
            raise error
        self.calls.append(operation)

    def _by_arn(self, arn: str) -> Secret | None:
        return next((one for one in self.secrets.values() if one.arn == arn), None)

    def _live(self, arn: str) -> Secret:
        secret = self._by_arn(arn)
        if secret is None or secret.deleting:
            raise Surprise
        return secret

    def _changed(self, secret: Secret) -> Secret:
        secret.changed_at = float(next(self._changes))
        return secret

    def _copy(self, secret: Secret, replicas: Sequence[Replica]) -> None:
        for one in replicas:
            failed = "NAME_EXISTS" if one.region in self.taken_elsewhere else None
            made = Replica(one.region, one.kms_key_id, failed)
            self._changed(secret).replicas[one.region] = made

    def _move(self, secret: Secret, version_id: str) -> None:
        if old := secret.stages.get("AWSCURRENT"):
            secret.stages["AWSPREVIOUS"] = old
        self._changed(secret).stages["AWSCURRENT"] = version_id
