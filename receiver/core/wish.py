"""What somebody asks a reconcile to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from receiver.core.scope import Scope


class UnknownPlan(Exception):
    """There is no such plan, or its day is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Bring ``scope`` up to date.

    With ``if_plan`` only what that plan holds, each in the way the plan says;
    ``force`` besides does the deletes that the plan holds back. ``prune`` deletes
    orphans in the way of their last rule. ``by`` is the name of a token.
    """

    scope: Scope = field(default_factory=Scope)
    if_plan: str | None = None
    force: bool = False
    prune: bool = False
    by: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it can be met by a run that meets another plain wish too."""
        return self.if_plan is None and not self.force and not self.prune
