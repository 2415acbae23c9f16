"""Secrets Manager in memory, with the behaviour that the port ``Target`` promises.

Passes the same conformance suite as the real adapter. Besides, it can be told to
fail, and it counts its calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from receiver.core.rules import TargetSpec
from receiver.core.state import Observed
from receiver.ports import Surprise, VersionIdTaken


@dataclass
class Secret:
    """One secret; ``stages`` maps labels to version ids."""

    arn: str
    tags: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    deleting: bool = False
    rotated: bool = False

    @property
    def value(self) -> str | None:
        """What a reader gets."""
        return self.values.get(self.stages.get("AWSCURRENT", ""))


class FakeTarget:
    """``calls`` lists the operations in order; ``fail_next`` raises once."""

    region = "eu-central-1"

    def __init__(self) -> None:
        self.secrets: dict[str, Secret] = {}
        self.calls: list[str] = []
        self.failures: dict[str, Exception] = {}
        self._suffix = itertools.count(100000)

    @property
    def writes(self) -> list[str]:
        """The calls that changed something."""
        return [call for call in self.calls if call != "describe"]

    def describe(self, name: str) -> Observed | None:
        self._called("describe")
        found = self.secrets.get(name) or self._by_arn(name)
        if found is None:
            return None
        labels: dict[str, tuple[str, ...]] = {}
        for label, version_id in found.stages.items():
            labels[version_id] = (*labels.get(version_id, ()), label)
        return Observed(
            found.arn, dict(found.tags), labels, found.deleting, found.rotated
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
        self._called("create")
        if old := self.secrets.get(name):
            if old.deleting or old.values != {version_id: body}:
                raise Surprise
            return old.arn
        suffix = next(self._suffix)
        arn = (
            f"arn:aws:secretsmanager:{self.region}:123456789012:secret:{name}-{suffix}"
        )
        self.secrets[name] = Secret(
            arn, dict(tags), {version_id: body}, {"AWSCURRENT": version_id}
        )
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
        self._live(arn).tags.update(tags)

    def restore(self, arn: str) -> None:
        self._called("restore")
        secret = self._by_arn(arn)
        if secret is None:
            raise Surprise
        secret.deleting = False

    def delete(self, arn: str, *, recovery_days: int | None) -> None:
        self._called("delete")
        if recovery_days is None:
            self.secrets = {k: v for k, v in self.secrets.items() if v.arn != arn}
        else:
            self._live(arn).deleting = True

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

    def _move(self, secret: Secret, version_id: str) -> None:
        if old := secret.stages.get("AWSCURRENT"):
            secret.stages["AWSPREVIOUS"] = old
        secret.stages["AWSCURRENT"] = version_id
