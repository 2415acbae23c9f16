"""What AWS was asked to change and did, in order: for tests that something never was.

Of each change the operation, the name, the version id and the time; never a value.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

_CHANGES = (
    "CreateSecret",
    "DeleteSecret",
    "PutSecretValue",
    "RestoreSecret",
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


class Ledger:
    """Every change since the start of the server."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def enter(self, operation: str, asked: Any, status: int, answer: bytes) -> None:
        """A call that was carried out; what changed nothing is left out."""
        if status == 200 and operation in _CHANGES:
            name, version_id = (
                json.loads(answer)["Name"],
                asked.get("ClientRequestToken"),
            )
            self._changes.append(Change(time.time(), operation, name, version_id))

    def below(self, prefix: str) -> list[dict[str, Any]]:
        """The changes of all secrets whose names begin so."""
        return [asdict(one) for one in self._changes if one.name.startswith(prefix)]
