"""What AWS was asked to change and did, in order: for tests that something never was.

Of each change the operation, the name, the version id, the keys of its tags and the
time; never a value.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_CHANGES = (
    "CreateSecret",
    "DeleteSecret",
    "PutSecretValue",
    "RestoreSecret",
    "TagResource",
    "UpdateSecretVersionStage",
)


@dataclass(frozen=True)
class Change:
    """``at`` is when it was done, in epoch seconds; ``version_id`` what the caller
    called the version."""

    at: float
    operation: str
    name: str
    version_id: str | None
    tags: Sequence[str]


class Ledger:
    """Every change since the start of the server."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def enter(self, operation: str, asked: Any) -> None:
        """A call that was carried out; a mere look is left out."""
        if operation in _CHANGES:
            token = asked.get("ClientRequestToken")
            tags = [tag["Key"] for tag in asked.get("Tags", [])]
            change = Change(time.time(), operation, _name(asked), token, tags)
            self._changes.append(change)

    def below(self, prefix: str) -> list[dict[str, Any]]:
        """The changes of all secrets whose names begin so."""
        return [asdict(one) for one in self._changes if one.name.startswith(prefix)]


def _name(asked: Any) -> str:
    """Of the secret; after the name in an ARN come a hyphen and six characters."""
    named: str = asked.get("Name") or asked["SecretId"]
    is_arn = named.startswith("arn:")
    return named.split(":", 6)[6][:-7] if is_arn else named
