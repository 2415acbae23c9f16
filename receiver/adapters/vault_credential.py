"""The token of Vault: what whoever uses it may expect of whoever has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """A token's life: ``ttl`` seconds are left of ``whole``; 0: it never ends."""

    ttl: float
    whole: float
    renewable: bool

    def is_due(self) -> bool:
        """Whether two thirds of the life are over."""
        return 0 < self.ttl <= self.whole / 3

    def renewal_is_due(self) -> bool:
        """Whether to renew now, which not every token can."""
        return self.renewable and self.is_due()


class Credential(Protocol):
    """Where the token comes from. Methods raise Temporary or Permanent."""

    def token(self) -> str:
        """The token to use now."""

    def renewed(self, refused: str) -> bool:
        """After a 403 to ``refused``: whether there is another token to try."""

    def lease(self) -> Lease | None:
        """What Vault has granted, by the clock here; None: only Vault knows."""

    def granted(self, ttl: float) -> None:
        """A renewal has given the token so many seconds from now."""

    def replace(self) -> bool:
        """Get another token, if there is a way to; whether there is."""
