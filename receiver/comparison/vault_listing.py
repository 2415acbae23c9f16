"""What Vault wants to have in AWS: every mount listed once, every secret at its place.

No value is read. A mount that cannot be listed to its end is not heard at all: its
secrets are neither there nor gone, and the other mounts go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from receiver.core.causes import Permanent, ReplicationError
from receiver.core.comparison.case import Case, small
from receiver.core.naming import name_of
from receiver.core.rules import Rule, is_glob
from receiver.core.scope import Scope, cover
from receiver.core.state import Entry, Gone, Mount, SecretRef, Truth
from receiver.ports import Source

#: Region and role: a name is unique within it.
Account: TypeAlias = tuple[str, str]
#: Namespace and path of a mount.
MountKey: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Nameless:
    """A secret whose name AWS cannot hold, and why."""

    rule: Rule
    ref: SecretRef
    problem: Permanent
    entry: Entry | None = None


@dataclass(slots=True)
class Listed:
    """One mount: how many keys it has, and where they belong. ``overlapping`` are
    secrets for which several rules of one account speak."""

    keys: int = 0
    cases: list[Case] = field(default_factory=list)
    nameless: list[Nameless] = field(default_factory=list)
    overlapping: dict[SecretRef, tuple[str, ...]] = field(default_factory=dict)

    def place(self, ref: SecretRef, truth: Truth, rules: Iterable[Rule]) -> None:
        """Take in one secret for all rules that replicate it."""
        matching = [rule for rule in rules if rule.matches(ref)]
        if len(matching) > 1:
            matching = self._apart(ref, matching)
        for rule in matching:
            try:
                name = name_of(rule, ref)
            except Permanent as error:
                self.nameless.append(Nameless(rule, ref, error))
            else:
                self.cases.append(Case(rule, ref, name, truth))

    def _apart(self, ref: SecretRef, matching: list[Rule]) -> list[Rule]:
        accounts = Counter(rule.target.account for rule in matching)
        clashing = [rule for rule in matching if accounts[rule.target.account] > 1]
        if clashing:
            self.overlapping[ref] = tuple(rule.name for rule in clashing)
        return [rule for rule in matching if rule not in clashing]


class Wanted:
    """All cases of one comparison, by account and name; a collector, filled once."""

    def __init__(self, rules: tuple[Rule, ...], scopes: tuple[Scope, ...]) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.scopes = scopes
        self.cases: dict[Account, dict[str, Case]] = {
            rule.target.account: {} for rule in self.rules_meant()
        }
        self.nameless: dict[tuple[str, SecretRef], Nameless] = {}
        self.overlapping: dict[SecretRef, tuple[str, ...]] = {}
        self.keys: dict[MountKey, int] = {}
        self.unheard: set[MountKey] = set()
        self.rules_unheard: set[str] = set()
        self.vanished: Counter[MountKey] = Counter()
        self.failures: list[str] = []
        self.first_failure: ReplicationError | None = None

    def fail(self, where: str, error: ReplicationError) -> None:
        """Something could not be listed."""
        self.failures.append(f"{where}: {error}")
        self.first_failure = self.first_failure or error

    def rules_meant(self) -> Iterator[Rule]:
        """The rules that the scopes are about."""
        for rule in self.rules.values():
            if any(scope.covers_rule(rule) for scope in self.scopes):
                yield rule

    def covers(self, rule_name: str, ref: SecretRef) -> bool:
        """Whether the comparison is about a secret under a rule of that name."""
        return cover(self.scopes, rule_name, ref)

    def take_in(self, mount: MountKey, listed: Listed) -> None:
        """A mount was listed to its end."""
        self.keys[mount] = listed.keys
        self.overlapping |= listed.overlapping
        for case in listed.cases:
            if self.covers(case.rule.name, case.ref):
                self.add(case)
        for one in listed.nameless:
            if self.covers(one.rule.name, one.ref):
                self.nameless[one.rule.name, one.ref] = one

    def add(self, case: Case) -> None:
        """One more case; it may share its name with others."""
        of_account = self.cases.setdefault(case.rule.target.account, {})
        case.twin = of_account.get(case.name)
        of_account[case.name] = case

    def named(self, account: Account, name: str) -> Iterator[Case]:
        """Every case with this name."""
        case = self.cases.get(account, {}).get(name)
        while case is not None:
            yield case
            case = case.twin

    def find(self, rule: Rule, name: str, ref: SecretRef) -> Case | None:
        """The case of ``ref`` under ``rule``, if it has this name."""
        for case in self.named(rule.target.account, name):
            if case.ref == ref and case.rule.name == rule.name:
                return case
        return None

    def missing(self, rule: Rule, ref: SecretRef, name: str) -> Case | None:
        """A case for what belongs at a place and Vault does not list any more; None
        when Vault's listing was not heard."""
        mount = (ref.namespace, ref.mount)
        if (keys := self.keys.get(mount)) is not None:
            case = Case(rule, ref, name, Gone(), emptied=keys == 0)
            self.add(case)
            return case
        if mount not in self.unheard and rule.name not in self.rules_unheard:
            self.vanished[mount] += 1
        return None

    def is_vanished(self, ref: SecretRef) -> bool:
        """Whether its mount was there before, and no listing names it any more."""
        return (ref.namespace, ref.mount) in self.vanished


def list_vault(
    source: Source, rules: tuple[Rule, ...], scopes: tuple[Scope, ...]
) -> Wanted:
    """List all mounts that the scopes are about. Failures are named in the result."""
    wanted = Wanted(rules, scopes)
    for mount in _mounts(source, wanted):
        namespace, path = mount
        of_mount = [rule for rule in rules if rule.covers_mount(namespace, path)]
        listed = Listed()
        try:
            for ref, truth in source.versions(namespace, path):
                listed.keys += 1
                listed.place(ref, small(truth), of_mount)
        except ReplicationError as error:
            wanted.unheard.add(mount)
            wanted.fail("/".join(filter(None, mount)), error)
        else:
            wanted.take_in(mount, listed)
    return wanted


def _mounts(source: Source, wanted: Wanted) -> list[MountKey]:
    """Namespace and mount of all that is meant, each once."""
    namespaces = cache(source.namespaces)
    mounts = cache(source.mounts)
    found: dict[MountKey, None] = {}
    for rule in wanted.rules_meant():
        try:
            of_rule = list(mounts_of(rule, namespaces, mounts))
        except ReplicationError as error:
            wanted.rules_unheard.add(rule.name)
            wanted.fail(rule.name, error)
        else:
            found |= dict.fromkeys(of_rule)
    return [
        mount
        for mount in found
        if any(scope.covers_mount(*mount) for scope in wanted.scopes)
    ]


def mounts_of(
    rule: Rule,
    namespaces: Callable[[str], list[str]],
    mounts: Callable[[str], list[Mount]],
) -> Iterator[MountKey]:
    """Namespace and mount of all that a rule covers now."""
    if not is_glob(rule.mount) and not is_glob(rule.namespace):
        yield rule.namespace, rule.mount
        return
    for namespace in namespaces(rule.namespace):
        for mount in mounts(namespace):
            if rule.covers_mount(mount.namespace, mount.path):
                yield mount.namespace, mount.path
