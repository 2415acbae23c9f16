"""``GET /v1/status`` and ``GET /v1/secrets``: what is where, and what needs somebody.

Both are read from the queue and the journal; neither asks Vault or AWS.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from receiver.core.state import Entry, State
from receiver.ports import InvalidCursor, JournalUnavailable, QueueUnavailable
from receiver.web.auth import requires
from receiver.web.parts import Parts
from receiver.web.refusals import Refused
from receiver.web.remedies import remedy_of
from receiver.web.sightings import Forwarder

FORMAT_VERSION = 1
_MOST_NEEDING = 50
_NEEDS_SOMEBODY = (State.CONFLICT, State.PARKED, State.HELD)


def router(parts: Parts) -> APIRouter:
    """The routes. They are plain functions, so they run in threads."""
    routes = APIRouter(dependencies=[Depends(requires("read"))])

    @routes.get("/v1/status")
    def status() -> dict[str, Any]:
        try:
            return describe(parts)
        except (QueueUnavailable, JournalUnavailable) as error:
            raise Refused(503, "the state cannot be read now") from error

    @routes.get("/v1/secrets")
    def secrets(
        state: State | None = None,
        rule: str | None = None,
        q: str | None = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        try:
            page, following = parts.journal.page(
                state=state, rule=rule, text=q, after=after, limit=limit
            )
        except InvalidCursor:
            raise Refused(422, "is no cursor of ours", field="after") from None
        except JournalUnavailable as error:
            raise Refused(503, "the state cannot be read now") from error
        return {"items": [_item(entry) for entry in page], "next": following}

    return routes


def describe(parts: Parts) -> dict[str, Any]:
    """The whole status as JSON-ready data."""
    now = parts.now()
    backlog = parts.queue.backlog()
    needing = _needing(parts)
    faults = [*parts.faults(), *parts.unknown_sources.faults()]
    is_well = not (needing or faults or backlog.parked)
    oldest = None if backlog.oldest is None else max(0.0, now - backlog.oldest)
    return {
        "format_version": FORMAT_VERSION,
        "verdict": "well" if is_well else "needs_you",
        "states": _states(parts, backlog.pending),
        "pending": backlog.pending,
        "oldest_pending_seconds": oldest,
        "parked": backlog.parked,
        "needs_you": needing,
        "lag": parts.metrics.lag_percentiles(),
        "reconcile": dict(parts.reconcile()),
        "brake": [],
        "paused": [],
        "forwarders": [_forwarder(one) for one in parts.forwarders.all()],
        "faults": faults,
    }


def _states(parts: Parts, pending: int) -> dict[str, int]:
    counts = dict.fromkeys(State, 0)
    for (_, state), count in parts.journal.counts().items():
        counts[state] += count
    return {
        str(state): count
        for state, count in (counts | {State.PENDING: pending}).items()
    }


def _needing(parts: Parts) -> list[dict[str, Any]]:
    needing: list[dict[str, Any]] = []
    for state in _NEEDS_SOMEBODY:
        page, _ = parts.journal.page(
            state=state, rule=None, text=None, after=None, limit=_MOST_NEEDING
        )
        needing += [_item(entry) | remedy_of(entry) for entry in page]
    return needing[:_MOST_NEEDING]


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "namespace": entry.ref.namespace,
        "mount": entry.ref.mount,
        "path": entry.ref.path,
        "rule": entry.rule,
        "name": entry.name,
        "state": entry.state,
        "cause": entry.cause,
        "vault_version": entry.version,
        "version_id": entry.version_id,
        "lag_seconds": entry.lag,
    }


def _forwarder(one: Forwarder) -> dict[str, Any]:
    seen = datetime.fromtimestamp(one.last_seen, UTC).isoformat(timespec="milliseconds")
    return {
        "name": one.name,
        "source": one.source,
        "last_seen": seen.replace("+00:00", "Z"),
        "last_entry_time": one.last_entry_time,
        "gaps": one.gaps,
        "spool": one.spool,
        "version": one.version,
    }
