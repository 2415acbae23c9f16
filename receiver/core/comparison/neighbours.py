"""What else is in the account: secrets of ours at no place, and other replicators.

Two replicators must not share a prefix: each would take the other's secrets for
somebody's mistake. They know each other by the tag ``vault-source``.
"""

from __future__ import annotations

import re
from itertools import takewhile

from receiver.core.causes import Cause, Permanent
from receiver.core.fingerprint import MANAGED_BY, PATH, RELEASED, SOURCE, US
from receiver.core.naming import MAX_TAG_VALUE, escape, name_of
from receiver.core.rules import Rule
from receiver.core.state import Entry, Observed, SecretRef, State

_WILD = re.compile(r"[*?]")
_ESCAPED = re.compile(r"(?:\+[0-9A-F]{2})+")


def static_prefix(rule: Rule) -> str:
    """What all names of the rule begin with."""
    try:
        one, other = (name_of(rule, _sample(rule, end)) for end in ("A", "b"))
    except Permanent:
        return ""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(char for char, _ in same)


def _sample(rule: Rule, end: str) -> SecretRef:
    namespace, mount = (
        text if (wild := _WILD.search(text)) is None else text[: wild.start()] + end
        for text in (rule.namespace, rule.mount)
    )
    return SecretRef(namespace, mount, end)


def is_of(source: str, observed: Observed) -> bool:
    """Whether its tags say that the replicator of ``source`` made it."""
    tags = observed.tags
    return tags.get(MANAGED_BY) == US and tags.get(SOURCE) == source


def other_source(source: str, observed: Observed) -> str | None:
    """The source of another replicator, if it made this secret."""
    theirs = observed.tags.get(SOURCE, "")
    is_other = observed.tags.get(MANAGED_BY) == US and theirs != source
    return theirs if is_other else None


def ref_of(observed: Observed, mount: tuple[str, str]) -> SecretRef | None:
    """The reference that the tag ``vault-path`` speaks of, if it is of this mount.
    None also when the tag may have been cut."""
    tag = observed.tags.get(PATH, "")
    start = escape("/".join(filter(None, mount))) + "/"
    if len(tag) >= MAX_TAG_VALUE or not tag.startswith(start) or tag == start:
        return None
    return SecretRef(*mount, unescape(tag.removeprefix(start)))


def orphan(region: str, name: str, observed: Observed, now: float) -> Entry | None:
    """An entry for a secret of ours of which only its tags tell; None when there is
    nothing to look after. Where namespace and mount end cannot be told from a path
    alone, so all of it is ``path``: the tags of such a reference are the same. What
    its rule wanted is not known, so it can be released and never deleted."""
    tags = observed.tags
    if observed.deleting or RELEASED in tags or not tags.get(PATH):
        return None
    return Entry(
        ref=SecretRef("", "", unescape(tags[PATH])),
        rule="",
        region=region,
        name=name,
        state=State.ORPHANED,
        cause=Cause.NO_RULE,
        detail="no rule speaks for it; only its tags say that it is ours",
        arn=observed.arn,
        version_id=observed.current,
        checked_at=now,
    )


def unescape(text: str) -> str:
    """What ``naming.escape`` made ``text`` of."""
    return _ESCAPED.sub(
        lambda found: bytes.fromhex(found[0].replace("+", "")).decode(errors="replace"),
        text,
    )
