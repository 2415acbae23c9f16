"""What waits in the queue or is parked there, shown like what the journal holds.

Work may fail before the journal has an entry for it: a mount that nobody knows, a
Vault that is sealed. It is shown under the places that today's rules give it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from receiver.core.rules import Rule
from receiver.core.state import Entry, State
from receiver.places import survey
from receiver.ports import QueueKey, Waiting, WorkQueue
from receiver.web.parts import Parts

_PAGE = 500


def walk(
    queue: WorkQueue, *, parked: bool, after: QueueKey | None = None
) -> Iterator[Waiting]:
    """All of it from ``after`` on, page by page, in order of the reference."""
    while page := queue.waiting(parked=parked, after=after, limit=_PAGE):
        yield from page
        after = page[-1].key


def entries_of(parts: Parts, one: Waiting, state: State) -> list[Entry]:
    """One entry for each place of the reference, in ``state`` since it began to wait,
    with the cause of its last failure. There is always one at least."""
    if one.unresolved:
        found = [_at_mount(one, rule) for rule in _covering(parts, one)]
    else:
        known = parts.journal.known(one.ref)
        seen = survey(one.ref, parts.rules(), parts.source_name, known)
        found = [spot.entry or spot.blank(state) for spot in seen.spots]
        found += seen.left_behind
    return [
        replace(
            entry,
            state=state,
            state_since=one.since,
            cause=one.cause or None,
            detail=one.detail,
        )
        for entry in found or [_at_mount(one, None)]
    ]


def _covering(parts: Parts, one: Waiting) -> list[Rule]:
    ref = one.ref
    return [r for r in parts.rules() if r.covers_mount(ref.namespace, ref.mount)]


def _at_mount(one: Waiting, rule: Rule | None) -> Entry:
    """Its path is still a request path, so no name can be told."""
    return Entry(
        ref=one.ref,
        rule=rule.name if rule else "",
        region=rule.target.region if rule else "",
        name="",
        state=State.PENDING,
    )
