"""One secret at one place, as a comparison carries it from one side to the other.

There may be a hundred thousand of them at once, so a case holds what is needed and
shares its strings. What a listing of Vault tells is made small here: no value, and of
a secret's own metadata only what decides whether it is replicated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from sys import intern

from receiver.core.fingerprint import Fingerprint
from receiver.core.plan import Place
from receiver.core.rules import OPT_KEY, Rule
from receiver.core.state import Entry, Gone, SecretRef, State, Truth, Value

#: ListSecrets may be so many seconds behind, in both directions.
LISTING_LAG = 300.0

_NOTHING: dict[str, str] = {}


@dataclass(slots=True)
class Case:
    """``truth`` is what Vault's listing says; ``emptied`` that it says so only because
    the whole mount is empty. ``entry`` is the journal's, ``former`` where the rule had
    put the secret before it gave this name. ``twin`` is another one whose name in AWS
    is the same; ``listed`` whether AWS's listing had that name."""

    rule: Rule
    ref: SecretRef
    name: str
    truth: Truth
    entry: Entry | None = None
    former: Entry | None = None
    emptied: bool = False
    listed: bool = False
    twin: Case | None = None

    def place(self, source: str) -> Place:
        """The place; ``source`` is the configured name of the Vault."""
        return Place(source, self.ref, self.rule, self.rule.target.region, self.name)

    @property
    def is_wanted(self) -> bool:
        """Whether AWS should hold it."""
        return isinstance(self.truth, Value) and self.rule.wants(self.truth)

    @property
    def is_unread(self) -> bool:
        """Whether only a read can tell its version: KV v1 has none to list."""
        truth = self.truth
        return isinstance(truth, Value) and truth.version is None and not truth.body

    def blank(self, state: State) -> Entry:
        """A first entry for this place."""
        return Entry(
            ref=self.ref,
            rule=self.rule.name,
            region=self.rule.target.region,
            name=self.name,
            state=state,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is the same for all cases of one comparison. ``began`` and ``now`` are in
    epoch seconds; ``texts`` has each rule's attributes as text. ``values_due`` says
    whether values of a mount without versions are to be compared now, ``retry``
    whether what is stuck is tried again. ``is_fresh``: AWS was asked for this very
    secret, so that nothing lags."""

    source: str
    prints: Fingerprint
    texts: dict[str, str]
    began: float
    now: float
    values_due: Callable[[SecretRef], bool] = lambda _: True
    retry: bool = True
    is_fresh: bool = False


def small(truth: Truth) -> Truth:
    """``truth`` without what a comparison does not need."""
    if isinstance(truth, Gone):
        return truth
    flag = truth.custom_metadata.get(OPT_KEY)
    return replace(
        truth,
        body="",
        custom_metadata=_NOTHING if flag is None else {OPT_KEY: flag},
    )


def small_entry(entry: Entry, case: Case) -> Entry:
    """``entry`` sharing with ``case``, and with its like, what is equal."""
    created = case.truth.created_time
    return replace(
        entry,
        ref=case.ref,
        rule=case.rule.name,
        region=case.rule.target.region,
        name=case.name,
        attributes=entry.attributes and intern(entry.attributes),
        accessor=entry.accessor and intern(entry.accessor),
        created_time=created if created == entry.created_time else entry.created_time,
    )
