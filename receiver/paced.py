"""A target whose every writing call first waits for its turn.

A wrapper, so that neither the story nor the adapter knows of quotas and leases:
each call that changes something is made inside its turn, for which the write budget
is asked, the lease must still outlast the call, and nobody may have paused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from receiver.core.rules import TargetSpec
from receiver.core.state import Observed, Replica
from receiver.ports import Target


class Paced:
    """The port ``Target`` again; entering a ``turn`` may raise Temporary."""

    def __init__(
        self, target: Target, turn: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._target = target
        self._turn = turn

    def describe(self, name: str) -> Observed | None:
        """Reads need no turn."""
        return self._target.describe(name)

    def listing(self) -> Iterator[tuple[str, Observed]]:
        """Reads need no turn."""
        return self._target.listing()

    def create(
        self,
        name: str,
        *,
        body: str,
        version_id: str,
        spec: TargetSpec,
        tags: dict[str, str],
    ) -> str:
        """Wait, then create."""
        with self._turn():
            return self._target.create(
                name, body=body, version_id=version_id, spec=spec, tags=tags
            )

    def put(self, arn: str, *, body: str, version_id: str) -> bool:
        """Wait, then put."""
        with self._turn():
            return self._target.put(arn, body=body, version_id=version_id)

    def make_current(self, arn: str, *, version_id: str, instead_of: str) -> None:
        """Wait, then move the label."""
        with self._turn():
            self._target.make_current(arn, version_id=version_id, instead_of=instead_of)

    def tag(self, arn: str, tags: dict[str, str]) -> None:
        """Wait, then tag."""
        with self._turn():
            self._target.tag(arn, tags)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Wait, then remove tags."""
        with self._turn():
            self._target.untag(arn, keys)

    def update(
        self, arn: str, *, description: str | None, kms_key_id: str | None
    ) -> None:
        """Wait, then change description and key."""
        with self._turn():
            self._target.update(arn, description=description, kms_key_id=kms_key_id)

    def replicate(self, arn: str, replicas: Sequence[Replica]) -> None:
        """Wait, then add copies."""
        with self._turn():
            self._target.replicate(arn, replicas)

    def detach(self, arn: str, regions: Sequence[str]) -> None:
        """Wait, then delete copies."""
        with self._turn():
            self._target.detach(arn, regions)

    def restore(self, arn: str) -> None:
        """Wait, then restore."""
        with self._turn():
            self._target.restore(arn)

    def delete(self, arn: str, *, recovery_days: int | None) -> None:
        """Wait, then delete."""
        with self._turn():
            self._target.delete(arn, recovery_days=recovery_days)
