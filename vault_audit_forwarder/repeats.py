"""Knows what was spooled lately, so that a second input does not repeat it.

Vault writes each entry to every audit device, and again when a connection breaks. The
entry has one request id, and says the same each time; only its own time differs. What
is on disk, or was delivered from there, need not be told again. Bounded: a repeat that
comes late is one event more, which does no harm.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint


class Repeats:
    """Remembers the last ``at_least`` hints, and up to twice as many."""

    def __init__(self, at_least: int = 10_000) -> None:
        self._at_least = at_least
        self._newer: set[Hashable] = set()
        self._older: set[Hashable] = set()

    def without(self, hints: Iterable[Hint]) -> list[Hint]:
        """The hints that are new; a gap always is."""
        return [hint for hint in hints if not self._knows(hint)]

    def remember(self, hints: Iterable[Hint]) -> None:
        """These go to disk now."""
        for hint in hints:
            if isinstance(hint.data, wire.Gap):
                continue
            self._newer.add((hint.id, hint.data))
            if len(self._newer) >= self._at_least:
                self._older, self._newer = self._newer, set()

    def forget(self) -> None:
        """What went to disk may not have come to stay."""
        self._newer, self._older = set(), set()

    def _knows(self, hint: Hint) -> bool:
        if isinstance(hint.data, wire.Gap):
            return False
        told = (hint.id, hint.data)
        return told in self._newer or told in self._older
