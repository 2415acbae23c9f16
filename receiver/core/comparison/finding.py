"""What a comparison found out about one secret, and what is to become of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from receiver.core.comparison.case import Case
from receiver.core.comparison.differences import (
    Difference,
    Kind,
    version_in,
    version_text,
)
from receiver.core.state import Entry, Observed, SecretRef, Value


class Mass(StrEnum):
    """What may be right for one secret, and for many at once is rather a mistake."""

    REWRITE = "rewrite"
    WENT_BACK = "went back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``difference`` is what people are told, None for what concerns only us.

    ``look``: it goes into the queue, with ``doubt`` where AWS may not be what the
    journal says. ``record`` is what the journal should say from now on: that AWS
    holds it is proven, or that it is held back. ``forget``: its entry speaks of
    nothing any more. ``unsure``: a plan asks both sides before it tells of it.
    ``entry`` is what the journal held, ``mass`` what it counts towards.
    """

    ref: SecretRef
    case: Case | None = None
    difference: Difference | None = None
    entry: Entry | None = None
    record: Entry | None = None
    forget: bool = False
    look: bool = False
    doubt: bool = False
    unsure: bool = False
    mass: Mass | None = None

    @property
    def action(self) -> Kind | None:
        """What its difference says."""
        return self.difference.action if self.difference else None


def difference(
    case: Case,
    action: Kind,
    observed: Observed | None,
    reason: str = "",
    cause: str | None = None,
) -> Difference:
    """The difference of a case, with the versions on both sides."""
    before = version_in(observed.current) if observed else None
    if before is None and case.entry is not None and case.entry.arn is not None:
        before = case.entry.version
    is_live = isinstance(case.truth, Value)
    return Difference(
        action=action,
        ref=case.ref,
        rule=case.rule.name,
        region=case.rule.target.region,
        name=case.name,
        before=version_text(before),
        after=version_text(case.truth.version) if is_live else None,
        reason=reason,
        cause=cause,
    )


def difference_of(
    entry: Entry, action: Kind, reason: str = "", cause: str | None = None
) -> Difference:
    """The same for what only the journal still knows."""
    return Difference(
        action=action,
        ref=entry.ref,
        rule=entry.rule,
        region=entry.region,
        name=entry.name,
        before=version_text(entry.version),
        reason=reason,
        cause=cause,
    )
