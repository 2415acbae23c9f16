"""What a set-up is made of: steps, and the requests that each one takes. Pure.

No secret is in a step. What a request is answered with and nobody may see goes straight
to its place (``Keep``), and values of the sample are made when they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """What is to be done about one thing."""

    THERE = "there"
    CREATE = "create"
    CHANGE = "change"
    NEEDS_YOU = "needs you"
    NOTE = "note"


class Random:
    """Stands in a body for a value that is made when it is sent."""

    def __repr__(self) -> str:
        return "(random)"


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """The connection secret in AWS: ``secret_id``, and the key of a new one."""

    secret_id: str
    kms_key_id: str | None = None

    def __str__(self) -> str:
        return f"the secret {self.secret_id} in AWS"


@dataclass(frozen=True, slots=True)
class Keep:
    """The part of an answer that is a secret, as in ``("data", "secret_id")``, and
    where it goes."""

    part: tuple[str, str]
    place: Path | SecretPlace

    def __str__(self) -> str:
        mode = ", mode 0600" if isinstance(self.place, Path) else ""
        return f"{self.part[1]} → {self.place}{mode}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to Vault. ``namespace`` and ``path`` are without outer slashes."""

    method: str
    path: str
    namespace: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    keep: Keep | None = None

    def __str__(self) -> str:
        where = "/".join(filter(None, (self.namespace, self.path)))
        return f"{self.method} {where}"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file without a secret."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a receiver needs, and what it takes.

    ``diff`` is in the lines of a unified diff. ``otherwise`` says what to do by hand
    where the server takes such a thing from its configuration alone.
    """

    kind: Kind
    what: str
    name: str
    detail: str
    calls: tuple[Call, ...] = ()
    file: TextFile | None = None
    diff: str = ""
    otherwise: str = ""

    @property
    def is_work(self) -> bool:
        """Whether something is to be done."""
        return self.kind in (Kind.CREATE, Kind.CHANGE)


def there(what: str, name: str, detail: str) -> Step:
    """Nothing to do."""
    return Step(kind=Kind.THERE, what=what, name=name, detail=detail)


def needs_you(what: str, name: str, detail: str) -> Step:
    """Something that only a person can do."""
    return Step(kind=Kind.NEEDS_YOU, what=what, name=name, detail=detail)
