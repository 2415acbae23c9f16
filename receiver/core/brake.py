"""When a rule's deletes become too many to be believed.

A delete is held when those of the last hour, itself included, exceed ``count``, or
exceed both ``floor`` and ``percent`` of the secrets the rule had in AWS. So a small
rule may lose a few at once, and a large one never a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The time over which deletes are counted, in seconds.
HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteLimits:
    """How many deletes within an hour need nobody's leave."""

    percent: int = 10
    count: int = 50
    floor: int = 10


def most(limits: DeleteLimits, *, population: int) -> int:
    """How many deletes an hour need nobody's leave under a rule that has
    ``population`` secrets in AWS."""
    return min(limits.count, max(limits.floor, limits.percent * population // 100))


def too_many(limits: DeleteLimits, *, made: int, population: int) -> str | None:
    """Why the last of ``made`` deletes must wait; None when it need not.

    ``population`` is how many secrets the rule had in AWS before them.
    """
    share = made * 100 > limits.percent * population
    if made > limits.count or (made > limits.floor and share):
        return (
            f"{made} deletes of {population} within the hour (limit {limits.count}, "
            f"or {limits.percent} % and {limits.floor})"
        )
    return None
