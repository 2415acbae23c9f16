"""``GET /v1/secrets``: what is where, page by page.

What waits is in the queue; all else is in the journal. Neither asks Vault or AWS.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query

from receiver.core.state import Entry, SecretRef, State
from receiver.ports import InvalidCursor, QueueKey
from receiver.web.auth import requires
from receiver.web.items import full
from receiver.web.parts import Parts
from receiver.web.queued import entries_of, walk
from receiver.web.refusals import Refused


class Wanted(NamedTuple):
    """What a page is to show: of a rule, with ``text`` in reference or name."""

    rule: str | None
    text: str | None
    after: str | None
    limit: int

    def covers(self, entry: Entry) -> bool:
        """As the journal does it, for what is not from there."""
        place = f"{entry.ref} {entry.name}".casefold()
        return self.rule in (None, entry.rule) and (
            self.text is None or self.text.casefold() in place
        )


def router(parts: Parts) -> APIRouter:
    """The route. It is a plain function, so it runs in a thread."""
    routes = APIRouter(dependencies=[Depends(requires("read"))])

    @routes.get("/v1/secrets")
    def secrets(
        state: State | None = None,
        rule: str | None = None,
        q: str | None = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        page, following = look_up(parts, state, Wanted(rule, q, after, limit))
        return {"items": [full(entry) for entry in page], "next": following}

    return routes


def look_up(
    parts: Parts, state: State | None, wanted: Wanted
) -> tuple[list[Entry], str | None]:
    """One page of what is in ``state`` (None: in any), and the cursor of the next.
    Raises Refused, and QueueUnavailable and JournalUnavailable."""
    try:
        if state is State.PENDING:
            return pending(parts, wanted)
        return parts.journal.page(
            state=state,
            rule=wanted.rule,
            text=wanted.text,
            after=wanted.after,
            limit=wanted.limit,
        )
    except InvalidCursor:
        raise Refused(422, "is no cursor of ours", field="after") from None


def pending(parts: Parts, wanted: Wanted) -> tuple[list[Entry], str | None]:
    """One page of what waits, and the cursor of the next. A secret that has several
    places is not divided between pages. Raises InvalidCursor."""
    after = _read_cursor(wanted.after) if wanted.after else None
    page: list[Entry] = []
    for one in walk(parts.queue, parked=False, after=after):
        entries = entries_of(parts, one, State.PENDING)
        found = [entry for entry in entries if wanted.covers(entry)]
        if page and found and len(page) + len(found) > wanted.limit:
            assert after is not None
            return page, _cursor(after)
        page += found
        after = one.key
    return page, None


def _cursor(key: QueueKey) -> str:
    ref, unresolved = key
    text = json.dumps([ref.namespace, ref.mount, ref.path, unresolved])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(text: str) -> QueueKey:
    try:
        *names, unresolved = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        namespace, mount, path = names
        # What is no text, or half a character, the queue would refuse much later.
        "".join(names).encode()
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise InvalidCursor("no cursor of ours") from error
    return SecretRef(namespace, mount, path), unresolved is True
