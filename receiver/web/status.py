"""``GET /v1/status``: the verdict first, then what it rests on.

Read from the queue and the journal; neither asks Vault or AWS. Whether somebody is
needed: for what is parked, in conflict or held, for faults, and while replication is
paused. What drifted is put back by itself, and what is orphaned can wait.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends

from receiver import __version__
from receiver.core.brake import HOUR, most
from receiver.core.state import Entry, State
from receiver.web.auth import requires
from receiver.web.items import full, moment
from receiver.web.parts import Parts
from receiver.web.pauses import paused
from receiver.web.queued import entries_of
from receiver.web.remedies import remedy_of
from receiver.web.sightings import Forwarder

FORMAT_VERSION = 1
#: Of each state.
_MOST_NEEDING = 50
#: Within which a change is to be in AWS.
SLO_SECONDS = 1.0
#: Seconds; a webhook tells its time in whole ones, and needs some for its way.
_MOST_SKEW = 2.0
_NEEDS_SOMEBODY = (State.CONFLICT, State.PARKED, State.HELD)


def router(parts: Parts) -> APIRouter:
    """The route. It is a plain function, so it runs in a thread."""
    routes = APIRouter(dependencies=[Depends(requires("read"))])

    @routes.get("/v1/status")
    def status() -> dict[str, Any]:
        return describe(parts)

    return routes


def describe(parts: Parts) -> dict[str, Any]:
    """The whole status as JSON-ready data."""
    now = parts.now()
    backlog = parts.queue.backlog()
    counts = parts.journal.counts()
    needing = _needing(parts)
    faults = [*parts.faults(), *parts.unknown_sources.faults()]
    standing, forwarders = paused(parts), parts.forwarders.all()
    is_well = not (needing or faults or backlog.parked or standing)
    oldest = None if backlog.oldest is None else max(0.0, now - backlog.oldest)
    return {
        "format_version": FORMAT_VERSION,
        "verdict": "well" if is_well else "needs_you",
        "source": parts.source_name,
        "version": __version__,
        "uptime_seconds": None if parts.began is None else now - parts.began,
        "states": _states(counts, backlog.pending),
        "pending": backlog.pending,
        "oldest_pending_seconds": oldest,
        "parked": backlog.parked,
        "needs_you": [full(entry) | remedy_of(entry) for entry in needing],
        "lag": _lag(parts),
        "reconcile": dict(parts.reconcile()),
        "brake": _brake(parts, counts),
        "deletes": [_deletes(parts, rule.name, now) for rule in parts.rules()],
        "paused": standing,
        "forwarders": [_forwarder(one) for one in forwarders],
        "faults": faults,
        "warnings": [warning for one in forwarders if (warning := _skewed(one))],
    }


def _lag(parts: Parts) -> dict[str, float | None]:
    """Of the last hour: percentiles in seconds, how many ``changes``, and the share of
    them ``within_slo``."""
    changes, share = parts.metrics.lag_share(SLO_SECONDS)
    percentiles = parts.metrics.lag_percentiles()
    return {**percentiles, "changes": changes, "within_slo": share}


def _states(counts: Mapping[tuple[str, State], int], pending: int) -> dict[str, int]:
    states = dict.fromkeys(State, 0)
    for (_, state), count in counts.items():
        states[state] += count
    return {
        str(state): count
        for state, count in (states | {State.PENDING: pending}).items()
    }


def _needing(parts: Parts) -> list[Entry]:
    needing: list[Entry] = []
    for state in _NEEDS_SOMEBODY:
        page, _ = parts.journal.page(
            state=state, rule=None, text=None, after=None, limit=_MOST_NEEDING
        )
        needing += page
    return needing + _parked_in_queue_alone(parts)


def _parked_in_queue_alone(parts: Parts) -> list[Entry]:
    """Parked before it had an entry: its mount is unknown, or Vault refuses it."""
    alone: list[Entry] = []
    for one in parts.queue.waiting(parked=True, limit=_MOST_NEEDING):
        if one.unresolved or not parts.journal.known(one.ref):
            alone += entries_of(parts, one, State.PARKED)
    return alone


def _brake(
    parts: Parts, counts: Mapping[tuple[str, State], int]
) -> list[dict[str, Any]]:
    """Each rule with something held. The one held first knows the reason; those after
    it were held because it was."""
    braked = []
    for (rule, state), count in sorted(counts.items()):
        held = parts.journal.entries(rule, state=State.HELD)
        if state is State.HELD and (
            first := min(held, key=lambda entry: entry.state_since, default=None)
        ):
            release = f"vault-replicator reconcile --rule {shlex.quote(rule)} --force"
            braked.append(
                {
                    "rule": rule,
                    "held": count,
                    "reason": first.detail,
                    "release": release,
                }
            )
    return braked


def _deletes(parts: Parts, rule: str, now: float) -> dict[str, Any]:
    """How near a rule is to its brake: deletes ``made`` within the hour, of ``most``
    that need nobody's leave."""
    facts = parts.journal.deletions(rule, now - HOUR)
    limit = most(parts.limits(), population=facts.population)
    return {"rule": rule, "made": facts.made, "most": limit}


def _skewed(one: Forwarder) -> str | None:
    """Lags are wrong by as much, and beyond the tolerance webhooks are refused."""
    if abs(one.skew) <= _MOST_SKEW:
        return None
    which = "behind" if one.skew > 0 else "ahead of"
    return f"the clock of {one.name} is {abs(one.skew):.0f} s {which} ours"


def _forwarder(one: Forwarder) -> dict[str, Any]:
    return {
        "name": one.name,
        "source": one.source,
        "last_seen": moment(one.last_seen),
        "last_entry_time": one.last_entry_time,
        "gaps": one.gaps,
        "spool": one.spool,
        "version": one.version,
        "clock_skew_seconds": round(one.skew, 3),
    }
