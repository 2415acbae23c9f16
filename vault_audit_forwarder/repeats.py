"""Knows what was spooled lately, so that a second input does not repeat it.

Vault writes each entry to every audit device, and again when a connection breaks. The
entry has one request id, and says the same each time; only its own time differs. What
is on disk, or was delivered from there, need not be told again. Bounded: a repeat that
comes late is one event more, which does no harm. Of a hint only a digest is kept, a
tenth of its size, and long enough that no two hints share one.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint


class Repeats:
    """Remembers the last ``at_least`` hints, and up to twice as many."""

    def __init__(self, at_least: int = 10_000) -> None:
        self._at_least = at_least
        self._newer: set[bytes] = set()
        self._older: set[bytes] = set()

    def without(self, hints: Iterable[Hint]) -> list[Hint]:
        """The hints that are new; a gap always is."""
        return [hint for hint in hints if not self._knows(hint)]

    def remember(self, hints: Iterable[Hint]) -> None:
        """These go to disk now."""
        for hint in hints:
            if isinstance(hint.data, wire.Gap):
                continue
            self._newer.add(_digest(hint))
            if len(self._newer) >= self._at_least:
                self._older, self._newer = self._newer, set()

    def forget(self) -> None:
        """What went to disk may not have come to stay."""
        self._newer, self._older = set(), set()

    def _knows(self, hint: Hint) -> bool:
        if isinstance(hint.data, wire.Gap):
            return False
        told = _digest(hint)
        return told in self._newer or told in self._older


def _digest(hint: Hint) -> bytes:
    told = msgspec.json.encode((hint.id, type(hint.data).__name__, hint.data))
    return blake2b(told, digest_size=16).digest()
