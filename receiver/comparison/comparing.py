"""One comparison: Vault's listing, the journal, and AWS's listing, joined.

Nothing is changed here. What is found out goes to the caller; what the journal alone
needs to be told goes to its books, while the listing is still being read, so that a
lost journal is rebuilt without being held in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from receiver.comparison.aws_listing import AccountListing
from receiver.comparison.journal_join import Joined, join
from receiver.comparison.troubles import Troubles
from receiver.comparison.vault_listing import Account, Wanted, list_vault
from receiver.core.attributes import as_text, from_text
from receiver.core.brake import DeleteLimits
from receiver.core.causes import ReplicationError
from receiver.core.comparison.case import Case, View
from receiver.core.comparison.compare_known import compare_known
from receiver.core.comparison.finding import Finding
from receiver.core.comparison.left_behind import compare_homeless, compare_left_behind
from receiver.core.rules import TargetSpec
from receiver.core.scope import Scope
from receiver.core.state import Entry, SecretRef
from receiver.ports import Journal, Source, Surprise, Target
from receiver.replicate import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is compared. ``targets`` gives an account's target, for reading;
    ``mapping`` and ``limits`` are asked at each comparison; ``now`` is in epoch
    seconds."""

    source: Source
    targets: Callable[[TargetSpec], Target]
    journal: Journal
    mapping: Callable[[], Mapping]
    limits: Callable[[], DeleteLimits]
    now: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is compared. ``quick``: without AWS's listing; ``values_due``: whose
    mounts' values are to be compared where there are no versions."""

    scopes: tuple[Scope, ...] = (Scope(),)
    quick: bool = False
    values_due: Callable[[SecretRef], bool] = lambda _: True


class Books(Protocol):
    """What may be told to the journal while the comparison goes on."""

    def record(self, finding: Finding) -> None:
        """Write down what ``finding`` says is proven."""

    def move(self, ref: SecretRef) -> None:
        """Its rule has another name: let its entries stand under that."""

    def forget(self, entry: Entry) -> None:
        """It speaks of nothing any more."""


@dataclass(slots=True, kw_only=True)
class Compared:
    """What came out. ``live`` counts each rule's secrets in AWS; ``wanted`` are the
    secrets that were compared and that AWS should hold."""

    view: View
    findings: list[Finding] = field(default_factory=list)
    compared: int = 0
    wanted: int = 0
    live: Counter[str] = field(default_factory=Counter)
    keys_unknown: bool = False
    troubles: Troubles = field(default_factory=Troubles)


def compare_sides(sides: Sides, extent: Extent, books: Books | None) -> Compared:
    """Compare once. What could not be heard is in ``troubles``; without ``books``
    the journal is not touched either."""
    mapping, began = sides.mapping(), sides.now()
    wanted = list_vault(sides.source, mapping.rules, extent.scopes)
    joined = join(wanted, sides.journal.entries())
    if books is not None:
        _tidy(books, joined)
    view = View(
        source=mapping.source,
        prints=mapping.prints,
        texts={rule.name: as_text(rule.target) for rule in mapping.rules},
        began=began,
        now=sides.now(),
        values_due=extent.values_due,
        retry=not extent.quick,
    )
    result = Compared(view=view)
    result.troubles.hear(wanted)
    found: Iterable[Finding]
    if extent.quick:
        found = _quick(wanted, joined, result)
    else:
        found = _full(sides, wanted, joined, result)
    homeless = (compare_homeless(entry, view) for entry in joined.homeless)
    for finding in chain(found, filter(None, homeless)):
        if finding.difference is not None or finding.look:
            result.findings.append(finding)
        elif books is not None and finding.record is not None:
            books.record(finding)
    if not extent.quick:
        result.findings += result.troubles.findings(wanted)
    return result


def _tidy(books: Books, joined: Joined) -> None:
    for ref in joined.moved:
        books.move(ref)
    for entry in joined.idle:
        books.forget(entry)


def _quick(wanted: Wanted, joined: Joined, result: Compared) -> Iterator[Finding]:
    for account in wanted.cases:
        for case in _cases(wanted, account):
            _count(case, result)
            if found := compare_known(case, result.view):
                yield found
    for entry in joined.left_behind:
        if entry.decision is not None:
            yield Finding(ref=entry.ref, entry=entry, look=True, doubt=True)


def _full(
    sides: Sides, wanted: Wanted, joined: Joined, result: Compared
) -> Iterator[Finding]:
    specs = {rule.target.account: rule.target for rule in wanted.rules.values()}
    left = _by_account(joined.left_behind, specs)
    for account in list(wanted.cases):
        of_account = left.pop(account, [])
        listing = AccountListing(
            account, wanted, of_account, result.view, sides.journal
        )
        found: list[Finding] = []
        try:
            for finding in listing.findings(sides.targets(specs[account])):
                if finding.record is not None and finding.difference is None:
                    yield finding
                else:
                    found.append(finding)
        except (ReplicationError, Surprise) as error:
            result.troubles.account_failed(account, error)
            continue
        if result.troubles.heed(listing.census, account):
            result.keys_unknown = True
            continue
        for case in _cases(wanted, account):
            _count(case, result)
        result.live += listing.census.live
        yield from found
    for entries in left.values():
        yield from _not_listed(entries, result.view)


def _not_listed(entries: list[Entry], view: View) -> Iterator[Finding]:
    """Left behind in accounts that no rule writes to any more."""
    for entry in entries:
        if found := compare_left_behind(entry, None, view, was_listed=False):
            yield found


def _by_account(
    entries: Iterable[Entry], specs: dict[Account, TargetSpec]
) -> dict[Account, list[Entry]]:
    """Where nobody knows the role any more, the first account of the Region."""
    grouped: dict[Account, list[Entry]] = {}
    for entry in entries:
        spec = from_text(entry.attributes, region=entry.region)
        if spec is not None:
            account = spec.account
        else:
            of_region = (one for one in specs if one[0] == entry.region)
            account = next(of_region, (entry.region, ""))
        grouped.setdefault(account, []).append(entry)
    return grouped


def _cases(wanted: Wanted, account: Account) -> Iterator[Case]:
    for name in wanted.cases[account]:
        yield from wanted.named(account, name)


def _count(case: Case, result: Compared) -> None:
    result.compared += 1
    result.wanted += case.is_wanted
    if case.is_wanted:
        result.troubles.warn_of(case)
