"""What is right for one secret and too much for many at once.

Deletes are only counted here: each is held, or not, by the worker that would make it,
with the same arithmetic. Rewrites after an edit of a rule, and a Vault that has gone
back in time, are held here, whole, until somebody carries out a plan of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from receiver.core.brake import DeleteLimits, too_many
from receiver.core.causes import Cause
from receiver.core.comparison.differences import Kind
from receiver.core.comparison.finding import Finding, Mass

_WHY = {
    Mass.REWRITE: (Cause.MANY_REWRITES, "the rule would rewrite"),
    Mass.WENT_BACK: (Cause.VAULT_WENT_BACK, "Vault has gone back for"),
}
#: Held by these, a change needs its plan carried out, and no more.
MASS_CAUSES = frozenset(cause for cause, _ in _WHY.values())
#: Held by these, a delete besides needs force.
DELETE_CAUSES = frozenset((Cause.BRAKE, Cause.EMPTY_LISTING, Cause.MOUNT_REPLACED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletes:
    """A rule's deletes of the last hour, of how many secrets, and how many of those
    that were to follow are held already."""

    made: int = 0
    population: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeLine:
    """The arithmetic of one rule: ``deletes`` wanted now, of which ``held``."""

    rule: str
    deletes: int
    held: int
    made: int
    population: int
    limit: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """The findings again, with what is held; the brake's lines, and in ``faults``
    what else is held and why."""

    findings: list[Finding]
    brake: tuple[BrakeLine, ...]
    faults: tuple[str, ...]


def weigh(
    findings: Iterable[Finding],
    limits: DeleteLimits,
    deletes: Mapping[str, Deletes],
    *,
    released: bool,
) -> Weighed:
    """``deletes`` by rule; ``released``: somebody has seen the plan and wants it."""
    found = list(findings)
    faults: list[str] = []
    if not released:
        for mass in Mass:
            found = _hold_mass(found, mass, limits, deletes, faults)
    found, brake = _forecast(found, limits, deletes)
    return Weighed(found, brake, tuple(faults))


def _hold_mass(
    findings: list[Finding],
    mass: Mass,
    limits: DeleteLimits,
    deletes: Mapping[str, Deletes],
    faults: list[str],
) -> list[Finding]:
    many = Counter(_rule(one) for one in findings if one.mass is mass)
    cause, verb = _WHY[mass]
    why: dict[str, str] = {}
    for rule, count in many.items():
        population = deletes.get(rule, Deletes()).population
        if count > limits.floor and count * 100 > limits.percent * population:
            says = (
                f"{verb} {count:,} of {population:,} secrets (limit {limits.percent} "
                f"% and {limits.floor})"
            )
            why[rule] = f"{says}: if it is meant, plan and reconcile --if-plan"
            faults.append(f"{rule}: {why[rule]} [{cause}]")
    if not why:
        return findings
    return [_held(one, mass, cause, why.get(_rule(one))) for one in findings]


def _held(one: Finding, mass: Mass, cause: Cause, why: str | None) -> Finding:
    if why is None or one.difference is None:
        return one
    if one.mass is mass:
        told = replace(one.difference, action=Kind.HELD, reason=why, cause=cause)
        return replace(one, difference=told, look=False)
    if one.action is Kind.ORPHANED and one.difference.cause == Cause.NO_RULE:
        # The old name stays the right one until the new ones are wanted.
        return replace(one, look=False)
    return one


def _forecast(
    findings: list[Finding], limits: DeleteLimits, deletes: Mapping[str, Deletes]
) -> tuple[list[Finding], tuple[BrakeLine, ...]]:
    """Which deletes the brake will let through, and which it will hold."""
    wanted: Counter[str] = Counter()
    held: Counter[str] = Counter()
    weighed = []
    for one in findings:
        rule, told = _rule(one), one.difference
        if told is not None and told.action is Kind.DELETE:
            wanted[rule] += 1
            so_far = deletes.get(rule, Deletes())
            why = _why_held(so_far, wanted[rule], limits)
            if why is not None:
                held[rule] += 1
                told = replace(told, action=Kind.HELD, reason=why, cause=Cause.BRAKE)
                one = replace(one, difference=told)
        elif told is not None and told.action is Kind.HELD:
            is_delete = told.cause in DELETE_CAUSES
            wanted[rule] += is_delete
            held[rule] += is_delete
        weighed.append(one)
    lines = [
        BrakeLine(
            rule=rule,
            deletes=count,
            held=held[rule],
            made=deletes.get(rule, Deletes()).made,
            population=deletes.get(rule, Deletes()).population,
            limit=f"limit {limits.count}, or {limits.percent} % and {limits.floor}",
        )
        for rule, count in sorted(wanted.items())
        if count
    ]
    return weighed, tuple(lines)


def _why_held(so_far: Deletes, number: int, limits: DeleteLimits) -> str | None:
    if so_far.held:
        return f"{so_far.held} deletes are held under this rule already"
    made = so_far.made + number
    return too_many(limits, made=made, population=so_far.population)


def _rule(one: Finding) -> str:
    return one.difference.rule if one.difference else ""
