"""What a set-up needs of others: Vault, and a place for what Vault hands out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from receiver.core.render import Json


class Answered(Protocol):
    """One answer of Vault."""

    @property
    def status(self) -> int:
        """200, 204 or a 4xx other than 403."""

    def json(self) -> Json:
        """The body, numbers as text; None when it is no JSON."""


class AsksVault(Protocol):
    """Vault, as whoever has the token. Methods raise Forbidden for a 403 that a policy
    explains, and other ReplicationErrors when Vault cannot answer for now."""

    def ask(
        self, method: str, namespace: str, path: str, body: object = None
    ) -> Answered:
        """Any request."""


class KeepsSecrets(Protocol):
    """Where what Vault hands out goes. Methods raise CommandError or
    ReplicationError, without a word of the secret."""

    def in_file(self, path: Path, text: str) -> None:
        """Readable by its owner alone; all of it or nothing."""

    def in_aws(self, secret_id: str, text: str, *, kms_key_id: str | None) -> None:
        """As a new version, of a new secret where there is none."""
