"""``POST /v1/events``: the forwarder's events become the receiver's own hints.

They do so here and nowhere else. A webhook is acknowledged only when all that it
asks for is on disk, whole or not at all. What does not concern us is counted and
dropped: another Vault, an unknown type, a path that no rule covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import structlog
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from receiver.core.paths import key_of
from receiver.core.rules import Rule
from receiver.core.state import Hint, Mount, SecretRef, VaultRequest
from receiver.core.times import nanoseconds
from receiver.ports import JournalUnavailable, QueueUnavailable
from receiver.stages import Stage, timed
from receiver.web.auth import EVENTS
from receiver.web.bodies import Room, read_body
from receiver.web.intake import Webhook, read_webhook
from receiver.web.parts import Parts
from receiver.web.refusals import LATER, Refused
from receiver.web.sightings import Forwarder
from vault_audit_forwarder import wire

log = structlog.stdlib.get_logger(__name__)

_EVERYTHING = ("**",)
_LONGEST_NAME = 200


@dataclass(slots=True)
class Sorted:
    """What the events of one webhook ask for."""

    hints: list[Hint] = field(default_factory=list)
    gaps: dict[tuple[tuple[str, ...], str, str | None], None] = field(
        default_factory=dict
    )
    mounts: dict[tuple[str, str | None], None] = field(default_factory=dict)
    beats: list[wire.Event] = field(default_factory=list)
    ours: int = 0
    ignored: int = 0


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter()
    intake, room = Intake(parts), Room()

    @routes.post(EVENTS, status_code=202)
    async def receive(request: Request) -> JSONResponse:
        try:
            with timed(Stage.ACCEPT, parts.metrics.stage):
                body = await read_body(
                    request,
                    limit=wire.MAX_BODY_BYTES,
                    seconds=parts.body_timeout,
                    room=room,
                )
                receipt = await run_in_threadpool(intake.take, request.headers, body)
        except Refused as refused:
            parts.metrics.webhook_rejected(refused.reason)
            raise
        return JSONResponse(receipt, 202)

    return routes


class Intake:
    """Takes webhooks, on any thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def take(self, headers: Mapping[str, str], body: bytes) -> dict[str, int]:
        """Make durable what a webhook asks for. Raises Refused, then took nothing."""
        parts, now = self._parts, self._parts.now()
        webhook = read_webhook(
            headers,
            body,
            keys=parts.signing_keys(),
            now=now,
            tolerance=parts.tolerance,
        )
        found = self._sort(webhook)
        self._keep(found, now)
        skew = now - webhook.sent
        self._tell(found, now, skew)
        if found.ours:
            parts.metrics.clock_skew(parts.source_name, skew)
        accepted = len(webhook.events) - found.ignored
        log.debug("webhook taken", accepted=accepted, ignored=found.ignored)
        return {"accepted": accepted, "ignored": found.ignored}

    def _sort(self, webhook: Webhook) -> Sorted:
        found, rules = Sorted(), self._parts.rules()
        for event in webhook.events:
            if event.source_name != self._parts.source_name:
                self._note_unknown_source(event.source)
                found.ignored += 1
                continue
            found.ours += 1
            match event.data:
                case wire.Change() as change:
                    hint = self._hint(change, rules)
                    found.ignored += hint is None
                    if hint is not None:
                        found.hints.append(replace(hint, requests=(request_of(event),)))
                case wire.Gap() as gap:
                    mounts = tuple(gap.mounts) or _EVERYTHING
                    found.gaps[mounts, gap.reason, gap.since] = None
                case wire.MountChange() as place:
                    mount = place.mount and _bare(place.mount)
                    found.mounts[_bare(place.namespace), mount] = None
                case wire.Heartbeat():
                    found.beats.append(event)
                case None:
                    found.ignored += 1
        return found

    def _hint(self, change: wire.Change, rules: tuple[Rule, ...]) -> Hint | None:
        namespace, mount = _bare(change.namespace), _bare(change.mount)
        hint = to_hint(change, self._parts.source.cached_mount(namespace, mount))
        return hint if hint is not None and is_covered(hint, rules) else None

    def _keep(self, found: Sorted, now: float) -> None:
        """All on disk, or refused. A gap kept in vain costs one comparison."""
        try:
            for mounts, reason, since in found.gaps:
                self._parts.journal.add_gap(mounts, reason, since)
            self._parts.queue.add(found.hints)
        except (JournalUnavailable, QueueUnavailable) as error:
            self._parts.last_kept.note(now)
            log.error("webhook not taken", error=error)
            raise Refused(
                503,
                "this cannot be kept now: send it again later",
                reason="unavailable",
                headers=LATER,
            ) from error
        self._parts.last_kept.note(None)

    def _tell(self, found: Sorted, now: float, skew: float) -> None:
        for hint in found.hints:
            if hint.created_time is not None:
                way = now - nanoseconds(hint.created_time) / 1e9
                self._parts.metrics.stage(Stage.ARRIVE, max(0.0, way))
        for namespace, mount in found.mounts:
            self._parts.mounts_changed(namespace, mount)
        if found.gaps:
            self._parts.compare_soon()
        for event in found.beats:
            self._note_forwarder(event, now, skew)

    def _note_forwarder(self, event: wire.Event, now: float, skew: float) -> None:
        beat = event.data
        assert isinstance(beat, wire.Heartbeat)
        forwarder = Forwarder(
            source=self._parts.source_name,
            name=(event.forwarder or "unknown")[:_LONGEST_NAME],
            last_seen=now,
            last_entry_time=beat.last_entry_time,
            gaps=beat.gaps,
            spool=beat.spool,
            version=beat.version,
            skew=skew,
        )
        if displaced := self._parts.forwarders.note(forwarder):
            self._parts.metrics.forwarder_forgotten(displaced.source, displaced.name)
        self._parts.metrics.forwarder_seen(forwarder.source, forwarder.name, now)

    def _note_unknown_source(self, source: str) -> None:
        if self._parts.unknown_sources.note(source):
            log.warning("events of an unknown source", source=source)


def to_hint(change: wire.Change, mount: Mount | None) -> Hint | None:
    """The hint that a change gives; None when it is about no secret's data.

    ``mount`` is what is known of the mount, None when nothing is. A mount of another
    accessor was re-made in the meantime, and may be of another KV version: then too
    the path stays as Vault logged it, to be resolved when Vault can be asked.
    """
    path = change.path
    is_known = mount is not None and change.mount_accessor in (None, mount.accessor)
    if mount is not None and is_known:
        key = key_of(path, mount.version)
        if key is None:
            return None
        path = key
    return Hint(
        ref=SecretRef(_bare(change.namespace), _bare(change.mount), path),
        unresolved=not is_known,
        version=change.version,
        created_time=change.created_time,
        look_twice=change.version is None or change.created_time is None,
    )


def request_of(event: wire.Event) -> VaultRequest:
    """What the event says of the request to Vault that made it."""
    traced = event.traceparent
    return VaultRequest(
        id=event.id[:_LONGEST_NAME],
        traceparent=traced if isinstance(traced, str) else None,
    )


def is_covered(hint: Hint, rules: tuple[Rule, ...]) -> bool:
    """Whether some rule replicates it, or may do so once it is resolved."""
    if hint.unresolved:
        return any(
            rule.covers_mount(hint.ref.namespace, hint.ref.mount) for rule in rules
        )
    return any(rule.matches(hint.ref) for rule in rules)


def _bare(place: str | None) -> str:
    """Without the slashes that Vault writes at the end."""
    return (place or "").strip("/")
