"""What people ordered, and when: written down before it is done, shown on demand.

The log has a line too, since the state file can be lost.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Depends, Query

from receiver.keyring import Token
from receiver.ports import Deed
from receiver.web.auth import requires
from receiver.web.items import moment
from receiver.web.parts import Parts

log = structlog.stdlib.get_logger(__name__)


def router(parts: Parts) -> APIRouter:
    """The route. It is a plain function, so it runs in a thread."""
    routes = APIRouter(dependencies=[Depends(requires("read"))])

    @routes.get("/v1/history")
    def history(
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        deeds = parts.journal.deeds(before=before, limit=limit + 1)
        page = deeds[:limit]
        return {
            "items": [item(deed) for deed in page],
            "next": page[-1].number if len(deeds) > limit else None,
        }

    return routes


def write_down(parts: Parts, by: Token, what: str, body: msgspec.Struct) -> None:
    """Durably. ``body`` is what was ordered; it leaves out what was not given.
    Raises JournalUnavailable."""
    about = msgspec.json.encode(body).decode()
    deed = Deed(at=parts.now(), by=by.name, what=what, about=about)
    parts.journal.add_deed(deed)
    log.info("ordered", what=what, by=by.name)


def item(deed: Deed) -> dict[str, Any]:
    """How an order is shown."""
    return {
        "at": moment(deed.at),
        "by": deed.by,
        "what": deed.what,
        "about": json.loads(deed.about),
    }
