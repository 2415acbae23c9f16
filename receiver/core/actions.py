"""What can be done with one secret, as values: decided here, carried out elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from receiver.core.causes import Cause
from receiver.core.state import State


@dataclass(frozen=True, slots=True)
class InSync:
    """Nothing to write but, perhaps, a restore."""

    version_id: str
    restore: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """A new secret with our value, then its seal."""

    version_id: str


@dataclass(frozen=True, slots=True)
class Put:
    """A new version; ``seal`` when it has to prove whose the secret is."""

    version_id: str
    restore: bool = False
    seal: bool = False


@dataclass(frozen=True, slots=True)
class MakeCurrent:
    """The right bytes are there under our id, but another version is current."""

    version_id: str
    instead_of: str
    restore: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """``recovery_days`` None: at once."""

    recovery_days: int | None


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do. ``state`` is what the secret is then in; None: not of ours."""

    state: State | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """AWS keeps it, on purpose."""

    state: State
    cause: Cause


@dataclass(frozen=True, slots=True)
class Release:
    """Let go: AWS keeps it, and we do not touch it until it is adopted."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Somebody must decide first."""

    cause: Cause
    detail: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take it over, then bring it up to date."""

    then: InSync | Put | MakeCurrent


Action: TypeAlias = (
    Adopt
    | Create
    | Delete
    | InSync
    | Leave
    | MakeCurrent
    | Nothing
    | Put
    | Refuse
    | Release
)
