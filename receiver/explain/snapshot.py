"""All that is known of one secret at one moment: what the diagnosis rests on.

What Vault or AWS answered is kept as the answer, as the error it was, or as
``Unasked`` with the reason: a question without an answer is never taken for "no".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from receiver.core.causes import ReplicationError
from receiver.core.rules import Rule
from receiver.core.state import Entry, Observed, SecretRef, Truth
from receiver.places import Spot
from receiver.ports import Deed, Standing


@dataclass(frozen=True, slots=True)
class Unasked:
    """Nobody was asked, or nobody answered in time; ``why`` is for people."""

    why: str


VaultSays: TypeAlias = Truth | ReplicationError | Unasked
AwsSays: TypeAlias = Observed | ReplicationError | Unasked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Replication of ``rule`` (None: of all) is paused, with ``ref`` of that secret
    alone. Times are RFC 3339."""

    rule: str | None
    ref: SecretRef | None = None
    reason: str
    by: str
    until: str | None

    def covers(self, rule: str, ref: SecretRef) -> bool:
        """Whether the secret is paused by it under the rule."""
        return self.rule in (None, rule) and self.ref in (None, ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A forwarder's last heartbeat, in epoch seconds; ``last_entry`` is the time of
    the newest line that Vault gave it."""

    name: str
    source: str
    last_seen: float
    last_entry: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One place of the secret in AWS. ``account`` is who answers there, where that was
    asked; ``writes_waiting`` is how many wait for their turn to write there."""

    spot: Spot
    aws: AwsSays
    account: str | None = None
    writes_waiting: int = 0

    @property
    def rule(self) -> Rule:
        """The rule that gives this place."""
        return self.spot.place.rule

    @property
    def entry(self) -> Entry | None:
        """What the journal holds of it."""
        return self.spot.entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """``now`` is in epoch seconds. ``reading`` tells how the words of who asked were
    understood, empty when they were to the letter. ``left_behind`` are entries at
    places that no rule gives any more."""

    ref: SecretRef
    now: float
    source: str
    rules: tuple[Rule, ...]
    vault: VaultSays
    looks: tuple[Look, ...]
    queue: Standing | None = None
    reading: str = ""
    left_behind: tuple[Entry, ...] = ()
    pauses: tuple[Pause, ...] = ()
    listeners: tuple[Listener, ...] = ()
    other_sources: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
