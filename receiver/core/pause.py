"""A pause: for how long nothing is written to AWS under a rule, and on whose word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Whoever needs longer says so again: a pause is easily forgotten.
LONGEST = 7 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """``rule`` is a rule's name, None for all of them. ``by`` is the name of a token.
    ``since`` and ``until`` are in epoch seconds."""

    rule: str | None
    reason: str
    by: str
    since: float
    until: float

    def holds(self, rule: str) -> bool:
        """Whether it is about the rule of this name."""
        return self.rule in (None, rule)

    def left(self, now: float) -> float:
        """Seconds from ``now`` to its end; never more than it was made for, so that a
        clock that was set back does not prolong it."""
        return min(self.until - now, self.until - self.since)


def lifted_by(pauses: Iterable[Pause], rule: str | None) -> list[Pause]:
    """Those that end when ``rule`` is resumed: its own, or every one for None. One of
    all rules goes on when a single rule is resumed."""
    return [pause for pause in pauses if rule is None or pause.rule == rule]
