"""What is true now, as far as somebody might have to be told of it.

Gathered from the queue, the journal and what the parts know of themselves; nobody is
asked for it. All times are epoch seconds by our own clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from receiver.core.pause import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Secrets that wait for somebody for one reason; ``names`` are a few of them."""

    cause: str
    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Changes of one rule that are held; ``why`` is told by the first."""

    rule: str
    count: int
    cause: str | None = None
    why: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A forwarder's last heartbeat, and the last audit entry that it told of."""

    name: str
    last_seen: float
    last_entry: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLife:
    """When Vault's token ends, and how long it lives when it is made or renewed."""

    ends: float
    whole: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The comparisons: when the last one succeeded, what the last one could not
    compare, and how often one is due (None: never)."""

    succeeded: float | None = None
    failures: tuple[str, ...] = ()
    interval: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``started`` is when this receiver was; ``oldest`` when the oldest due work began
    to wait. ``vault_trouble`` is why Vault does not take our token, ``vault_asked``
    when it last answered a call that it audits. ``refusing`` has a line for each Vault
    or account that refuses everything, ``faults`` one for each other fault."""

    now: float
    started: float
    stuck: tuple[Stuck, ...] = ()
    held: tuple[Held, ...] = ()
    oldest: float | None = None
    pending: int = 0
    vault_trouble: str | None = None
    vault_asked: float | None = None
    token: TokenLife | None = None
    refusing: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    beats: tuple[Beat, ...] = ()
    compared: Compared = Compared()
    paused: tuple[Pause, ...] = ()
