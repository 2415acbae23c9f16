"""The event on the wire between forwarder and receiver: CloudEvents 1.0 in JSON.

An event is a hint: it says which secret may have changed, never what it is. The
structs list every attribute that may travel; nothing else is read or written.
Both programs use this module and nothing here does I/O.

Times are RFC 3339 strings with up to nine digits of a second, exactly as Vault
wrote them; :func:`nanoseconds` makes them comparable (as strings they are not,
Vault cuts trailing zeros).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec

CHANGED = "vault.kv.changed"
MOUNT_CHANGED = "vault.mount.changed"
GAP = "vault.audit.gap"
HEARTBEAT = "vault.audit.heartbeat"

JSON = "application/json"
EVENT_JSON = "application/cloudevents+json"
BATCH_JSON = "application/cloudevents-batch+json"

#: What the receiver takes in one request, and so what the forwarder sends in one.
MAX_BODY_BYTES = 1024 * 1024
MAX_EVENTS = 1000

_SOURCE_PREFIX = "vault://"


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A KV secret may have changed. ``data`` of ``vault.kv.changed``.

    ``path`` is the request path inside the mount, as Vault logged it
    (``data/app/db`` on KV v2, ``app/db`` on v1). ``namespace`` is empty for the
    root; like ``mount`` it ends in a slash otherwise.
    """

    mount: str
    path: str
    namespace: str | None = ""
    mount_accessor: str | None = None
    operation: str | None = None
    version: int | None = None
    created_time: str | None = None
    deletion_time: str | None = None


class MountChange(msgspec.Struct, frozen=True, kw_only=True):
    """Mounts or namespaces changed; ``mount`` is None when the entry hides which."""

    namespace: str | None = ""
    mount: str | None = None
    operation: str | None = None


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Entries may have been missed since ``since``, on mounts matching ``mounts``."""

    mounts: list[str] = msgspec.field(default_factory=lambda: ["**"])
    reason: str = "unknown"
    since: str | None = None


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The forwarder is alive, and this is what it has seen since it started.

    ``last_entry_time`` is that of the newest line of any kind; ``spool`` is the
    number of events waiting to be delivered.
    """

    last_entry_time: str | None = None
    entries: int = 0
    events: int = 0
    spool: int = 0
    gaps: int = 0
    version: str | None = None


Data: TypeAlias = Change | MountChange | Gap | Heartbeat

_TYPES: dict[str, type[Data]] = {
    CHANGED: Change,
    MOUNT_CHANGED: MountChange,
    GAP: Gap,
    HEARTBEAT: Heartbeat,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One CloudEvent. ``data`` is None when ``type`` is not one of ours; CloudEvents'
    extension ``traceparent`` travels only where somebody traces."""

    specversion: str = "1.0"
    type: str
    source: str
    forwarder: str | None = None
    id: str
    time: str | None = None
    subject: str | None = None
    traceparent: str | msgspec.UnsetType = msgspec.UNSET
    data: Data | None = None

    @property
    def source_name(self) -> str | None:
        """The configured name in ``vault://NAME``; None for any other scheme."""
        if not self.source.startswith(_SOURCE_PREFIX):
            return None
        return self.source.removeprefix(_SOURCE_PREFIX)


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    type: str
    source: str
    id: str
    forwarder: str | None = None
    time: str | None = None
    subject: str | None = None
    traceparent: msgspec.Raw = msgspec.Raw(b"null")
    data: msgspec.Raw = msgspec.Raw(b"null")


class InvalidBody(ValueError):
    """The body is not JSON, or not an object (an array for a batch)."""


class InvalidEvent(ValueError):
    """One event breaks the contract. Says which field and why, never its value."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def make_event(
    data: Data,
    *,
    source: str,
    forwarder: str,
    id: str,
    time: str | None,
    traceparent: str | msgspec.UnsetType = msgspec.UNSET,
) -> Event:
    """Wrap ``data`` in its envelope. ``source`` is the configured name of the Vault."""
    subject = None
    if isinstance(data, Change):
        subject = f"{data.namespace or ''}{data.mount}{data.path}"
    return Event(
        type=_NAMES[type(data)],
        source=_SOURCE_PREFIX + source,
        forwarder=forwarder,
        id=id,
        time=time,
        subject=subject,
        traceparent=traceparent,
        data=data,
    )


def encode(event: Event) -> bytes:
    """One event as compact JSON."""
    return msgspec.json.encode(event)


def encode_batch(events: list[bytes]) -> bytes:
    """A JSON array of already encoded events."""
    return b"[" + b",".join(events) + b"]"


def split_body(body: bytes, *, batch: bool) -> list[msgspec.Raw]:
    """Cut a request body into its events without looking inside them."""
    try:
        if batch:
            return msgspec.json.decode(body, type=list[msgspec.Raw])
        return [msgspec.json.decode(body, type=msgspec.Raw)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wanted = "a JSON array of events" if batch else "one JSON event"
        raise InvalidBody(f"the body is not {wanted}") from error


def decode_event(raw: msgspec.Raw | bytes) -> Event:
    """Check one event against the contract and return it.

    Raises InvalidEvent. An unknown ``type`` is no error: its data is None.
    """
    envelope = _convert(raw, _Envelope, prefix="")
    if envelope.specversion != "1.0":
        raise InvalidEvent("specversion", "must be 1.0")
    for field in ("type", "source", "id"):
        if not getattr(envelope, field):
            raise InvalidEvent(field, "must not be empty")
    data = None
    if kind := _TYPES.get(envelope.type):
        data = _convert(envelope.data, kind, prefix="data")
        if isinstance(data, Change):
            _check_change(data)
        elif isinstance(data, MountChange):
            _check_place("data.namespace", data.namespace)
            _check_place("data.mount", data.mount)
    return Event(
        type=envelope.type,
        source=envelope.source,
        forwarder=envelope.forwarder,
        id=envelope.id,
        time=envelope.time,
        subject=envelope.subject,
        traceparent=_traceparent(envelope.traceparent),
        data=data,
    )


#: The parts are those of W3C's Trace Context; zeros and version ff are invalid there.
_TRACEPARENT = re.compile(
    rb'"((?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})"'
)


def _traceparent(raw: msgspec.Raw) -> str | msgspec.UnsetType:
    # Unset for what is none: a broken trace must not cost a secret its event.
    match = _TRACEPARENT.fullmatch(raw)
    return match[1].decode() if match else msgspec.UNSET


_AT = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_T = TypeVar("_T")


def _convert(raw: msgspec.Raw | bytes, kind: type[_T], *, prefix: str) -> _T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(prefix or "event", "is not readable as JSON") from error
    except msgspec.DecodeError as error:
        message = str(error)
        at = _AT.search(message)
        missing = _MISSING.search(message)
        parts = [prefix, at[1] if at else "", missing[1] if missing else ""]
        field = ".".join(part for part in parts if part) or "event"
        reason = "is required" if missing else _AT.sub("", message).lower()
        raise InvalidEvent(field, reason) from error


def _check_change(change: Change) -> None:
    _check_place("data.namespace", change.namespace)
    _check_place("data.mount", change.mount)
    if not change.mount.strip("/"):
        raise InvalidEvent("data.mount", "must not be empty")
    _check_segments("data.path", change.path)
    for field in ("created_time", "deletion_time"):
        if value := getattr(change, field):
            try:
                nanoseconds(value)
            except ValueError as error:
                raise InvalidEvent(
                    f"data.{field}", "is not an RFC 3339 time"
                ) from error
    if change.version is not None and change.version < 0:
        raise InvalidEvent("data.version", "must not be negative")


def _check_place(field: str, value: str | None) -> None:
    """A namespace or mount: empty, or segments with or without slashes round them."""
    if value and (inner := value.removeprefix("/").removesuffix("/")):
        _check_segments(field, inner)


def _check_segments(field: str, path: str) -> None:
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in path):
        raise InvalidEvent(field, "holds a control character")
    for segment in path.split("/"):
        if segment in ("", ".", ".."):
            raise InvalidEvent(field, "holds an empty segment, '.' or '..'")


_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


def nanoseconds(time: str) -> int:
    """An RFC 3339 time as nanoseconds since 1970. Raises ValueError."""
    match = _RFC3339.fullmatch(time)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    day, clock, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset
    seconds = int(datetime.fromisoformat(f"{day}T{clock}{offset}").timestamp())
    return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))
