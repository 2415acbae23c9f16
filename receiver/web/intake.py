"""From a webhook's headers and bytes to checked events, or to one refusal.

The order of the checks is part of the contract: content type, signature, timestamp,
JSON, count, events. One bad event refuses the whole batch. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from receiver.core.times import nanoseconds
from receiver.web.refusals import Refused
from vault_audit_forwarder import signing, wire

_IS_BATCH = {wire.EVENT_JSON: False, wire.JSON: False, wire.BATCH_JSON: True}
_MOST_VERSIONS = 2**53  # what every JSON reader holds exactly
_LONGEST_REASON = 100
_LONGEST_GLOB = 1024


class Webhook(NamedTuple):
    """A webhook in good order. ``sent`` is its signed timestamp in seconds."""

    sent: int
    events: list[wire.Event]


def read_webhook(
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Sequence[signing.Key],
    now: float,
    tolerance: float,
) -> Webhook:
    """Check everything about a webhook but its size. Raises Refused."""
    batch = _is_batch(headers.get("content-type", ""))
    try:
        sent = signing.verify(keys, headers, body, now=now, tolerance=tolerance)
    except signing.BadSignature as error:
        raise Refused(401, str(error), reason="signature") from None
    except signing.BadTimestamp as error:
        raise Refused(400, str(error), reason="timestamp") from None
    try:
        raws = wire.split_body(body, batch=batch)
    except wire.InvalidBody as error:
        raise Refused(422, str(error), reason="json") from None
    if len(raws) > wire.MAX_EVENTS:
        says = f"a batch holds at most {wire.MAX_EVENTS} events"
        raise Refused(413, says, reason="count")
    return Webhook(sent, [_event(raw, index) for index, raw in enumerate(raws)])


def _is_batch(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _IS_BATCH:
        says = f"the content type must be one of {', '.join(_IS_BATCH)}"
        raise Refused(415, says, reason="content_type")
    return _IS_BATCH[kind]


def _event(raw: bytes, index: int) -> wire.Event:
    try:
        event = wire.decode_event(raw)
        if isinstance(event.data, wire.Change):
            _check_version(event.data)
        elif isinstance(event.data, wire.Gap):
            _check_gap(event.data)
        elif isinstance(event.data, wire.Heartbeat):
            _check_time("data.last_entry_time", event.data.last_entry_time)
    except wire.InvalidEvent as error:
        raise Refused(
            422, error.reason, reason="event", index=index, field=error.field
        ) from None
    return event


def _check_version(change: wire.Change) -> None:
    if change.version is not None and change.version > _MOST_VERSIONS:
        raise wire.InvalidEvent("data.version", "is too large")


def _check_gap(gap: wire.Gap) -> None:
    _check_time("data.since", gap.since)
    if len(gap.reason) > _LONGEST_REASON or not gap.reason.isprintable():
        raise wire.InvalidEvent("data.reason", "is no short text")
    if any(len(glob) > _LONGEST_GLOB for glob in gap.mounts):
        raise wire.InvalidEvent("data.mounts", "holds a glob that is too long")


def _check_time(field: str, time: str | None) -> None:
    if time is not None:
        try:
            nanoseconds(time)
        except ValueError:
            raise wire.InvalidEvent(field, "is not an RFC 3339 time") from None
