"""Where a reference belongs in AWS now, and where it was before.

Rules decide the places; the journal knows what was put where. What stands at no place
of today was left behind by a rule that was removed, excludes the path now, or gives
another name. A rule that was only renamed leaves nothing behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from receiver.core.attributes import from_text
from receiver.core.causes import Cause, Permanent
from receiver.core.naming import name_of
from receiver.core.plan import Place
from receiver.core.rules import Rule, rules_for
from receiver.core.state import Entry, SecretRef, State
from receiver.ports import Journal


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of a reference, what the journal holds of it, and why the place is
    impossible, if it is."""

    place: Place
    entry: Entry | None
    problem: Permanent | None = None

    def is_at(self, entry: Entry) -> bool:
        """Whether ``entry`` speaks of this place."""
        place = self.place
        return entry.place == (place.rule.name, place.region, place.name)

    def blank(self, state: State) -> Entry:
        """A first entry for this place."""
        place = self.place
        return Entry(
            ref=place.ref,
            rule=place.rule.name,
            region=place.region,
            name=place.name,
            state=state,
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """All places of a reference, and the entries that stand at none of them."""

    spots: tuple[Spot, ...]
    left_behind: tuple[Entry, ...]


def survey(
    ref: SecretRef, rules: tuple[Rule, ...], source: str, known: Iterable[Entry]
) -> Survey:
    """What today's rules and the journal say of ``ref``. Pure."""
    entries = {entry.place: entry for entry in known}
    spots = _apart([_spot(rule, ref, source) for rule in rules_for(rules, ref)])
    found = tuple(
        Spot(spot.place, entries.pop(_key(spot), None), spot.problem) for spot in spots
    )
    return Survey(found, tuple(entries.values()))


def move_in(seen: Survey, journal: Journal) -> Survey:
    """Let what a renamed rule left behind stand under its new name."""
    left, spots = list(seen.left_behind), []
    for spot in seen.spots:
        twin = next((old for old in left if _is_twin(old, spot)), None)
        if twin is not None:
            left.remove(twin)
            moved = replace(twin, rule=spot.place.rule.name)
            journal.record(moved, expected=None)
            journal.forget(twin)
            spots.append(replace(spot, entry=moved))
        else:
            spots.append(spot)
    return Survey(tuple(spots), tuple(left))


def _apart(spots: list[Spot]) -> list[Spot]:
    """Of two rules that speak for one secret in one account neither acts: which of
    them is meant is for people to say."""
    accounts = Counter(spot.place.rule.target.account for spot in spots)
    return [
        replace(spot, problem=_overlap(spots))
        if accounts[spot.place.rule.target.account] > 1
        else spot
        for spot in spots
    ]


def _overlap(spots: list[Spot]) -> Permanent:
    names = " and ".join(spot.place.rule.name for spot in spots)
    detail = f"the rules {names} speak for it: neither acts"
    return Permanent(Cause.RULES_OVERLAP, detail)


def _spot(rule: Rule, ref: SecretRef, source: str) -> Spot:
    region = rule.target.region
    try:
        return Spot(Place(source, ref, rule, region, name_of(rule, ref)), None)
    except Permanent as error:
        return Spot(Place(source, ref, rule, region, ""), None, error)


def _key(spot: Spot) -> tuple[str, str, str]:
    return spot.place.rule.name, spot.place.region, spot.place.name


def _is_twin(old: Entry, spot: Spot) -> bool:
    """The same secret in AWS under another rule's name."""
    place = spot.place
    if spot.entry is not None or old.arn is None:
        return False
    if (old.region, old.name) != (place.region, place.name):
        return False
    spec = from_text(old.attributes, region=old.region)
    return spec is None or spec.account == place.rule.target.account
