"""The delete brake: at most so many deletes an hour under one rule.

A delete is written down before it is made, so two workers never both take the last
place. Once one is held, the rule's later ones are held too: the brake goes off only
when somebody has looked and released or taken back what it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from receiver.core.brake import HOUR, DeleteLimits, too_many
from receiver.core.state import SecretRef
from receiver.ports import Journal


class DeleteBrake:
    """Asked before each delete. Safe to call from several threads."""

    def __init__(
        self,
        journal: Journal,
        *,
        limits: Callable[[], DeleteLimits],
        now: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._limits = limits
        self._now = now
        self._lock = Lock()

    def holds(self, ref: SecretRef, rule: str) -> str | None:
        """Why the delete of ``ref`` must wait; None: it counts as made."""
        now = self._now()
        with self._lock:
            facts = self._journal.deletions(rule, now - HOUR)
            if facts.held:
                return f"{facts.held} deletes are held under this rule already"
            self._journal.deleting(ref, rule, now)
            facts = self._journal.deletions(rule, now - HOUR)
            return too_many(
                self._limits(), made=facts.made, population=facts.population
            )

    def accept(self, rule: str) -> None:
        """Somebody has looked at the deletes so far."""
        self._journal.accept_deletions(rule)
