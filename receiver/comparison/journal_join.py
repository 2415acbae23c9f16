"""What the journal holds, joined to what Vault wants.

Each entry stands at a place of today's rules, or was left behind by one that is gone,
excludes the secret now, or gives another name. The journal is walked through once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from receiver.comparison.vault_listing import Wanted
from receiver.core.attributes import from_text
from receiver.core.causes import Permanent
from receiver.core.comparison.case import small_entry
from receiver.core.naming import name_of, path_tag
from receiver.core.rules import Rule
from receiver.core.state import Entry, SecretRef


@dataclass(slots=True)
class Joined:
    """``left_behind`` stands at no place of today, ``homeless`` in a mount that is not
    there any more; ``moved`` are references whose rule was only renamed; ``idle``
    speaks of nothing any more."""

    left_behind: list[Entry] = field(default_factory=list)
    homeless: list[Entry] = field(default_factory=list)
    moved: list[SecretRef] = field(default_factory=list)
    idle: list[Entry] = field(default_factory=list)


def join(wanted: Wanted, entries: Iterable[Entry]) -> Joined:
    """Give every case its entry."""
    joined = Joined()
    elsewhere = []
    for entry in entries:
        if not wanted.covers(entry.rule, entry.ref):
            continue
        if not _at_its_place(wanted, entry, joined):
            elsewhere.append(entry)
    for entry in elsewhere:
        _settle(wanted, entry, joined)
    return joined


def _at_its_place(wanted: Wanted, entry: Entry, joined: Joined) -> bool:
    rule = wanted.rules.get(entry.rule)
    if rule is None or rule.target.region != entry.region:
        return False
    case = wanted.find(rule, entry.name, entry.ref)
    if case is None:
        if entry.ref in wanted.overlapping:
            return True
        if not rule.matches(entry.ref) or _name(rule, entry.ref) != entry.name:
            return False
        if not entry.name:
            _join_nameless(wanted, entry, joined)
            return True
        case = wanted.missing(rule, entry.ref, entry.name)
    if case is not None:
        case.entry = small_entry(entry, case)
    elif wanted.is_vanished(entry.ref):
        joined.homeless.append(entry)
    return True


def _join_nameless(wanted: Wanted, entry: Entry, joined: Joined) -> None:
    if known := wanted.nameless.get((entry.rule, entry.ref)):
        known.entry = entry
    elif wanted.keys.get((entry.ref.namespace, entry.ref.mount)):
        joined.idle.append(entry)


def _settle(wanted: Wanted, entry: Entry, joined: Joined) -> None:
    """What stands elsewhere: moved with its rule's name, or left behind."""
    for rule in wanted.rules.values():
        if not _may_be_in(rule, entry):
            continue
        for case in wanted.named(rule.target.account, entry.name):
            if path_tag(case.ref) != path_tag(entry.ref):
                continue
            if not entry.ref.mount:  # found by its tags once; now it is known
                joined.idle.append(entry)
                return
            if case.entry is None and entry.arn is not None:
                case.entry = small_entry(entry, case)
                joined.moved.append(entry.ref)
                return
    _note_former(wanted, entry)
    joined.left_behind.append(entry)


def _may_be_in(rule: Rule, entry: Entry) -> bool:
    """Whether the entry may speak of the account that the rule writes to."""
    spec = from_text(entry.attributes, region=entry.region)
    of_rule = rule.target.account
    return entry.region == of_rule[0] if spec is None else spec.account == of_rule


def _note_former(wanted: Wanted, entry: Entry) -> None:
    """The rule gave the secret another name, or another Region, before."""
    rule = wanted.rules.get(entry.rule)
    if rule is None or entry.arn is None or not rule.matches(entry.ref):
        return
    case = wanted.find(rule, _name(rule, entry.ref), entry.ref)
    if case is not None:
        case.former = entry


def _name(rule: Rule, ref: SecretRef) -> str:
    """The name as the journal has it: empty when AWS can hold none."""
    try:
        return name_of(rule, ref)
    except Permanent:
        return ""
