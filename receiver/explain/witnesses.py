"""Who can tell of AWS: the account now, and the turn to write there. A port."""

from __future__ import annotations

from typing import Protocol

from receiver.core.rules import TargetSpec
from receiver.core.state import Observed


class Witnesses(Protocol):
    """The first two ask AWS, and raise Temporary and Permanent."""

    def describe(self, spec: TargetSpec, name: str) -> Observed | None:
        """What AWS holds under the name; None: confirmed absent."""

    def account(self, spec: TargetSpec) -> str:
        """The number of the account that answers."""

    def writes_waiting(self, spec: TargetSpec) -> int:
        """How many wait for their turn to write; asks nobody."""
