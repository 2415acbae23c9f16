"""``retry``, ``adopt`` and ``release``: what people decide about secrets.

Nothing is done here. A decision is written down durably, then the secret is queued,
and a worker carries it out on the one write path. So a crash in between loses no
decision: the next comparison finds it waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from receiver.core.causes import Cause
from receiver.core.state import Decision, Entry, Hint, Lane, SecretRef, State
from receiver.keyring import Token
from receiver.places import survey
from receiver.web.auth import requires
from receiver.web.bodies import read_order
from receiver.web.choice import Choice, Order, choose
from receiver.web.deeds import write_down
from receiver.web.items import brief
from receiver.web.parts import Parts
from receiver.web.queued import entries_of, walk
from receiver.web.refusals import Refused

FORMAT_VERSION = 1
_MOST_ITEMS = 1000
_AT_ONCE = 500
#: So many go at once with fresh events; more would keep those waiting.
_MOST_URGENT = 100


@dataclass(frozen=True, slots=True)
class Verb:
    """What can be ordered. ``states`` are looked through when no path is given, and
    of what is in them ``fits`` says what is meant. With ``needs_rule`` it is only for
    secrets that a rule of today replicates."""

    name: str
    decision: Decision | None
    states: tuple[State, ...]
    fits: Callable[[Entry], bool] = lambda _: True
    needs_rule: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """An entry that an order is about. ``unresolved`` as in its hint."""

    entry: Entry
    unresolved: bool = False


RETRY = Verb("retry", None, (State.PARKED, State.CONFLICT, State.DRIFTED, State.HELD))
ADOPT = Verb(
    "adopt",
    Decision.ADOPT,
    (State.CONFLICT, State.ORPHANED),
    lambda entry: entry.state is State.CONFLICT or entry.cause == Cause.RELEASED,
    needs_rule=True,
)
#: A conflict is not ours to release; what is being deleted cannot be left there.
RELEASE = Verb(
    "release",
    Decision.RELEASE,
    tuple(s for s in State if s not in (State.CONFLICT, State.DELETING)),
    lambda entry: entry.arn is not None and entry.cause != Cause.RELEASED,
)


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    for verb in (RETRY, ADOPT, RELEASE):
        routes.post(f"/v1/{verb.name}")(_route(parts, verb))
    return routes


def _route(parts: Parts, verb: Verb) -> Callable[..., Any]:
    async def order_it(
        request: Request, token: Annotated[Token, Depends(requires("admin"))]
    ) -> dict[str, Any]:
        order = await read_order(request, Order, seconds=parts.body_timeout)
        return await run_in_threadpool(Ordered(parts, verb, order, token).carry_out)

    return order_it


class Ordered:
    """One order of one person."""

    def __init__(self, parts: Parts, verb: Verb, order: Order, by: Token) -> None:
        self._parts = parts
        self._verb = verb
        self._order = order
        self._by = by

    def carry_out(self) -> dict[str, Any]:
        """Decide and queue all that is chosen, and tell what it was. Raises Refused;
        and QueueUnavailable and JournalUnavailable: what was decided by then stays."""
        chosen = self._chosen(choose(self._parts, self._order))
        count, items = 0, list[dict[str, Any]]()
        while some := list(islice(chosen, _AT_ONCE)):
            if not self._order.dry_run:
                if not count:
                    write_down(self._parts, self._by, self._verb.name, self._order)
                self._decide(some, before=count)
            count += len(some)
            items += [brief(one.entry) for one in some[: _MOST_ITEMS - len(items)]]
        return {
            "format_version": FORMAT_VERSION,
            "count": count,
            "items": items,
            "more": count > len(items),
            "dry_run": self._order.dry_run,
        }

    def _decide(self, some: list[Chosen], *, before: int) -> None:
        if self._verb.decision is not None:
            entries = [one.entry for one in some]
            self._parts.journal.decide(entries, self._verb.decision, self._by.name)
        self._parts.queue.add(
            [
                Hint(
                    ref=one.entry.ref,
                    unresolved=one.unresolved,
                    doubt=True,
                    lane=Lane.EVENT if number < _MOST_URGENT else Lane.RECONCILE,
                )
                for number, one in enumerate(some, before)
            ]
        )

    def _chosen(self, choice: Choice) -> Iterator[Chosen]:
        """Each once, though some change their state while they are gone through."""
        found = self._of_one(choice.ref) if choice.ref else self._of_many(choice)
        seen = set()
        for one in found:
            key = (one.entry.ref, one.entry.place, one.unresolved)
            if choice.covers(one.entry) and key not in seen:
                seen.add(key)
                yield one

    def _of_one(self, ref: SecretRef) -> Iterator[Chosen]:
        """Whatever its state, and though the journal may not know it yet."""
        parts, verb = self._parts, self._verb
        known = parts.journal.known(ref)
        now = survey(ref, parts.rules(), parts.source_name, known)
        left_behind = () if verb.needs_rule else now.left_behind
        if not now.spots and not left_behind:
            raise Refused(404, "no rule replicates this secret")
        for spot in now.spots:
            if verb.decision is None or spot.problem is None:
                yield Chosen(spot.entry or spot.blank(State.PENDING))
        yield from map(Chosen, left_behind)

    def _of_many(self, choice: Choice) -> Iterator[Chosen]:
        parts, verb = self._parts, self._verb
        for state in verb.states:
            entries = parts.journal.entries(choice.rule, state=state)
            yield from (Chosen(entry) for entry in entries if verb.fits(entry))
        if verb is RETRY:
            yield from self._failing()

    def _failing(self) -> Iterator[Chosen]:
        """What is in the queue and has failed, whether or not the journal knows."""
        for parked, state in ((True, State.PARKED), (False, State.PENDING)):
            for one in walk(self._parts.queue, parked=parked):
                if one.cause:
                    for entry in entries_of(self._parts, one, state):
                        yield Chosen(entry, one.unresolved)
