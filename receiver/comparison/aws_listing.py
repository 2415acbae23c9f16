"""AWS's listing of one account and Region, joined by name to what is wanted there.

One pass, page by page: nothing of a page is kept but what was found out. Only a
listing that was read to its end says that something is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from receiver.comparison.vault_listing import Account, Wanted
from receiver.core.causes import Cause, Permanent
from receiver.core.comparison.case import Case, View
from receiver.core.comparison.compare import compare
from receiver.core.comparison.differences import Kind
from receiver.core.comparison.finding import Finding, difference, difference_of
from receiver.core.comparison.left_behind import compare_left_behind
from receiver.core.comparison.neighbours import (
    is_of,
    orphan,
    other_source,
    ref_of,
    static_prefix,
)
from receiver.core.fingerprint import RELEASED, SEAL
from receiver.core.naming import name_of
from receiver.core.rules import Rule
from receiver.core.state import Entry, Gone, Observed, SecretRef, State
from receiver.ports import Journal, Target

#: So few unknown keys say nothing yet.
_FEW_KEYS = 3
_LET_GO = (State.ORPHANED, State.DELETING)


@dataclass(slots=True)
class Census:
    """What was counted on the way. ``live`` are secrets of ours by rule; ``sealed``
    those that carry a seal, ``unknown`` those kept current whose seal names no key of
    ours; ``others`` those of other replicators below a prefix of ours, by source."""

    live: Counter[str] = field(default_factory=Counter)
    sealed: int = 0
    unknown: int = 0
    others: Counter[str] = field(default_factory=Counter)

    @property
    def keys_unknown(self) -> bool:
        """Whether rather our keys are wrong than so many seals."""
        return self.unknown >= _FEW_KEYS and self.unknown * 2 > self.sealed


class AccountListing:
    """One account's turn in a comparison."""

    def __init__(
        self,
        account: Account,
        wanted: Wanted,
        left_behind: list[Entry],
        view: View,
        journal: Journal,
    ) -> None:
        self.census = Census()
        self._account = account
        self._wanted = wanted
        self._view = view
        self._journal = journal
        self._rules = [r for r in wanted.rules.values() if r.target.account == account]
        self._prefixes = tuple({static_prefix(rule) for rule in self._rules})
        self._may_find_orphans = not wanted.failures and any(
            scope.is_everything for scope in wanted.scopes
        )
        self._known_strays: set[str] = set()
        self._left: dict[str, list[Entry]] = {}
        for entry in left_behind:
            self._left.setdefault(entry.name, []).append(entry)

    def findings(self, target: Target) -> Iterator[Finding]:
        """All that differs in this account. Raises what the target raises: then what
        came before it still holds, and nothing is known to be absent."""
        for name, observed in target.listing():
            self._count(name, observed)
            yield from self._left_there(name, observed)
            if name in self._wanted.cases.get(self._account, ()):
                yield from self._listed(name, observed)
            elif is_of(self._view.source, observed):
                yield from self._stray(name, observed)
        for name in self._wanted.cases.get(self._account, ()):
            yield from self._unlisted(name)
        for entries in self._left.values():
            for entry in entries:
                found = compare_left_behind(entry, None, self._view, was_listed=True)
                if found:
                    yield found

    def _count(self, name: str, observed: Observed) -> None:
        census, view = self.census, self._view
        if is_of(view.source, observed):
            if view.prints.knows_key_of(observed):
                census.sealed += SEAL in observed.tags
            elif self._is_kept_current(name, observed):
                census.sealed += 1
                census.unknown += 1
            return
        theirs = other_source(view.source, observed)
        if theirs is not None and name.startswith(self._prefixes):
            census.others[theirs] += 1

    def _is_kept_current(self, name: str, observed: Observed) -> bool:
        """What nobody writes any more keeps its seal, whatever the key is now."""
        if observed.deleting or RELEASED in observed.tags:
            return False
        if cases := list(self._wanted.named(self._account, name)):
            return any(case.is_wanted for case in cases)
        known = self._journal.named(self._account[0], name)
        return any(entry.state not in _LET_GO for entry in known)

    def _left_there(self, name: str, observed: Observed) -> Iterator[Finding]:
        for entry in self._left.pop(name, ()):
            found = compare_left_behind(entry, observed, self._view, was_listed=True)
            self._known_strays.add(name)
            if found:
                yield found

    def _listed(self, name: str, observed: Observed) -> Iterator[Finding]:
        for case in self._wanted.named(self._account, name):
            if case.listed:
                continue  # pages moved under the listing
            case.listed = True
            if is_of(self._view.source, observed):
                self.census.live[case.rule.name] += not observed.deleting
            if found := compare(case, observed, self._view):
                yield found

    def _unlisted(self, name: str) -> Iterator[Finding]:
        cases = [c for c in self._wanted.named(self._account, name) if not c.listed]
        rivals = [case for case in cases if case.is_wanted]
        owns = [case for case in rivals if case.entry and case.entry.arn]
        for case in cases:
            if len(rivals) > 1 and case in rivals and case not in owns[:1]:
                yield _name_taken(case, rivals)
            elif found := compare(case, None, self._view):
                yield found

    def _stray(self, name: str, observed: Observed) -> Iterator[Finding]:
        """Ours by its tags, and no case has asked for it."""
        region = self._account[0]
        if name in self._known_strays or self._journal.named(region, name):
            return  # left behind, or put there since the journal was read
        refs = [ref for mount in self._wanted.keys if (ref := ref_of(observed, mount))]
        if any(ref in self._wanted.overlapping for ref in refs):
            return
        unlisted = [
            case for ref in refs for case in self._places_of(ref, name, observed)
        ]
        for case in unlisted:
            if found := compare(case, observed, self._view):
                yield found
        entry = orphan(region, name, observed, self._view.now)
        if entry is not None and not unlisted and self._may_find_orphans:
            told = difference_of(entry, Kind.ORPHANED, entry.detail, entry.cause)
            yield Finding(ref=entry.ref, difference=told, record=entry)

    def _places_of(
        self, ref: SecretRef, name: str, observed: Observed
    ) -> Iterator[Case]:
        """With the journal lost, what Vault does not list any more is known by its
        tags alone, and so is what once had another name."""
        for rule in self._rules:
            if not rule.matches(ref) or not self._wanted.covers(rule.name, ref):
                continue
            todays = _name(rule, ref)
            if todays == name:
                keys = self._wanted.keys[ref.namespace, ref.mount]
                yield Case(rule, ref, name, Gone(), emptied=keys == 0)
            elif case := self._wanted.find(rule, todays, ref):
                former = orphan(self._account[0], name, observed, self._view.now)
                case.former = case.former or former


def _name_taken(case: Case, rivals: list[Case]) -> Finding:
    others = [str(one.ref) for one in rivals if one is not case]
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    why = f"this name is also that of {others[0]}{more}"
    told = difference(case, Kind.PARKED, None, why, Cause.NAME_TAKEN)
    return Finding(ref=case.ref, case=case, entry=case.entry, difference=told)


def _name(rule: Rule, ref: SecretRef) -> str:
    try:
        return name_of(rule, ref)
    except Permanent:
        return ""
