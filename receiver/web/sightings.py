"""What the web has seen lately and keeps in memory: forwarders that beat, names of
Vaults that are not ours, and whether the queue could keep the last webhook. All is
bounded: names come from outside.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

_MOST_FORWARDERS = 100
_MOST_NAMES = 10
_LONGEST_NAME = 200
_TRY_AGAIN_AFTER = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarder:
    """A forwarder's last heartbeat. ``last_seen`` in epoch seconds, by our clock, which
    was ``skew`` seconds ahead of its, the way included."""

    source: str
    name: str
    last_seen: float
    last_entry_time: str | None
    gaps: int
    spool: int
    version: str | None
    skew: float = 0.0


class Forwarders:
    """The forwarders by name; of too many the one silent for longest is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Forwarder] = {}

    def note(self, forwarder: Forwarder) -> Forwarder | None:
        """Remember a heartbeat; returns whom it displaced."""
        key = (forwarder.source, forwarder.name)
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = forwarder
            if len(self._known) <= _MOST_FORWARDERS:
                return None
            return self._known.pop(next(iter(self._known)))

    def all(self) -> list[Forwarder]:
        """All that are known, ordered by name."""
        with self._lock:
            return [self._known[key] for key in sorted(self._known)]


class UnknownSources:
    """Names under which events came that no Vault of ours has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, None] = {}

    def note(self, source: str) -> bool:
        """Remember a name; whether it was new."""
        name = "".join(c if c.isprintable() else "?" for c in source[:_LONGEST_NAME])
        with self._lock:
            if name in self._names or len(self._names) >= _MOST_NAMES:
                return False
            self._names[name] = None
            return True

    def names(self) -> tuple[str, ...]:
        """All that are remembered."""
        with self._lock:
            return tuple(self._names)

    def faults(self) -> list[str]:
        """A sentence for each, for people who look for the cause."""
        with self._lock:
            return [
                f"events come from the source {name}, which is not vault.source"
                for name in self._names
            ]


class LastKept:
    """Whether the last webhook could be kept. A failure counts for ten seconds only:
    who is never given work could not show that it takes some again."""

    def __init__(self) -> None:
        self._failed_at: float | None = None

    def note(self, failed_at: float | None) -> None:
        """A webhook was kept (None), or could not be at this epoch second."""
        self._failed_at = failed_at

    def fails(self, now: float) -> bool:
        """Whether work is better sent elsewhere."""
        failed_at = self._failed_at
        return failed_at is not None and abs(now - failed_at) < _TRY_AGAIN_AFTER
