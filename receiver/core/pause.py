"""A pause: for how long nothing is written to AWS, of what, and on whose word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from receiver.core.state import SecretRef

#: Whoever needs longer says so again: a pause is easily forgotten.
LONGEST = 7 * 86_400.0

#: What a pause is about: a rule, and one secret under it; None is any.
Subject: TypeAlias = tuple[str | None, SecretRef | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """``rule`` is a rule's name, None for all of them; with ``ref`` it is about one
    secret alone. ``by`` is the name of a token. ``since`` and ``until`` are in epoch
    seconds."""

    rule: str | None
    reason: str
    by: str
    since: float
    until: float
    ref: SecretRef | None = None

    @property
    def subject(self) -> Subject:
        """What it is about; one pause at a time is about the same."""
        return self.rule, self.ref

    def holds(self, rule: str, ref: SecretRef | None) -> bool:
        """Whether it is about this secret under the rule of this name; without ``ref``
        about all that the rule replicates."""
        return self.rule in (None, rule) and self.ref in (None, ref)

    def left(self, now: float) -> float:
        """Seconds from ``now`` to its end; never more than it was made for, so that a
        clock that was set back does not prolong it."""
        return min(self.until - now, self.until - self.since)


def lifted_by(pauses: Iterable[Pause], subject: Subject) -> list[Pause]:
    """Those that end when ``subject`` is resumed: what is about it, or about a part of
    it. One of all rules goes on when a single rule is resumed, and one of a rule when a
    single secret is."""
    rule, ref = subject
    return [
        pause
        for pause in pauses
        if rule in (None, pause.rule) and ref in (None, pause.ref)
    ]
