"""What one audit line says, and nothing that it holds.

A line carries the request's data: keys, numbers and dates in clear, on a device with
``log_raw`` everything. So it is decoded into structs that name the few attributes we
need; what they do not name is skipped, never built. Of the response's data only
:class:`_Data` is looked at, and only of entries that matter (:func:`outcome`).

Most lines are reads. :data:`may_matter` sorts them out without decoding: an entry that
matters has one of these operations, spelled as Go's encoder spells it. A match
elsewhere in the line only costs a decode.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from vault_audit_forwarder import wire

WRITES = frozenset({"create", "update", "patch", "delete", "recover"})

may_matter = re.compile(rb'"operation":"(?:create|update|patch|delete|recover)"').search

_ABSENT = msgspec.Raw(b"null")


class Unreadable(ValueError):
    """The line looks like a write but is no audit entry. Never holds the line."""


class Namespace(msgspec.Struct, frozen=True):
    path: str = ""


class Request(msgspec.Struct, frozen=True):
    """``mount_point`` is absolute, ``path`` is relative to the namespace."""

    id: str = ""
    operation: str = ""
    path: str = ""
    namespace: Namespace | None = None
    mount_point: str = ""
    mount_type: str = ""
    mount_class: str = ""
    mount_accessor: str = ""
    mount_is_external_plugin: bool = False


class Entry(msgspec.Struct, frozen=True):
    """``error`` and ``response`` stay undecoded JSON; ``null`` when absent."""

    type: str = ""
    time: str = ""
    error: msgspec.Raw = _ABSENT
    request: Request = Request()
    response: msgspec.Raw = _ABSENT

    @property
    def failed(self) -> bool:
        return bytes(self.error) not in (b"null", b'""')


class _Data(msgspec.Struct, frozen=True):
    """Raw, since a mount that is not KV may use these names for anything."""

    version: msgspec.Raw = _ABSENT
    created_time: msgspec.Raw = _ABSENT
    deletion_time: msgspec.Raw = _ABSENT
    http_status_code: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Response(msgspec.Struct, frozen=True):
    mount_accessor: str = ""
    data: _Data | None = None


class _Time(msgspec.Struct, frozen=True):
    time: str | None = None


class Outcome(NamedTuple):
    """What a write that took place left behind, as far as its entry tells."""

    mount_accessor: str
    version: int | None
    created_time: str | None
    deletion_time: str | None


_entry = msgspec.json.Decoder(Entry)
_response = msgspec.json.Decoder(_Response | None)
_time = msgspec.json.Decoder(_Time)


def decode(line: bytes) -> Entry:
    """The entry in ``line``, after whatever prefix the device puts before it.

    Raises Unreadable.
    """
    try:
        return _entry.decode(_without_prefix(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Its cause is left out: a UnicodeDecodeError carries the line.
        raise Unreadable("a line with a write's operation is no entry") from None


def outcome(entry: Entry) -> Outcome | None:
    """What the write of a response entry did; None when it did not happen.

    A failure has one of three shapes: a top-level ``error``; ``error`` in the data;
    an HTTP status of 400 or more in the data. A wrapped answer has no data: changed,
    version unknown. Raises Unreadable.
    """
    try:
        response = _response.decode(entry.response) or _Response()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("the response of a write is no response") from None
    data = response.data or _Data()
    if entry.failed or bytes(data.error) != b"null":
        return None
    if (_number(data.http_status_code) or 200) >= 400:
        return None
    return Outcome(
        mount_accessor=response.mount_accessor,
        version=_number(data.version),
        created_time=_date(data.created_time),
        deletion_time=_date(data.deletion_time),
    )


def entry_time(line: bytes) -> str | None:
    """The time of any entry; None when ``line`` is none or has none."""
    first = _time_first(line)
    try:
        # Most versions write it first, and a line can have 64 MB.
        time = first[1].decode() if first else _decode_time(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return time if time and is_date(time) else None


def is_date(text: str) -> bool:
    try:
        wire.nanoseconds(text)
    except ValueError:
        return False
    return True


def is_jsonx(line: bytes) -> bool:
    """Whether the device writes XML (``format=jsonx``), which is not read."""
    return b"<json:" in line[:4096] or (line[:1] == b"<" and b"{" not in line)


_TOKEN, _HASHED = b'"client_token":"', b"hmac-sha256:"


def token_is_raw(line: bytes) -> bool | None:
    """Whether the device writes secrets in clear (``log_raw``); None: cannot tell."""
    at = line.find(_TOKEN)
    if at < 0:
        return None
    return not line.startswith(_HASHED, at + len(_TOKEN))


_time_first = re.compile(rb'[^{]*\{"time":"([0-9TZ:.+-]{20,40})"').match


def _decode_time(line: bytes) -> str | None:
    return _time.decode(_without_prefix(line)).time


def _without_prefix(line: bytes) -> bytes:
    return line if line.startswith(b"{") else line[line.find(b"{") :]


def _number(raw: msgspec.Raw) -> int | None:
    digits = bytes(raw)
    return int(digits) if digits.isdigit() and len(digits) < 19 else None


def _date(raw: msgspec.Raw) -> str | None:
    """A date in clear. Any other string is hashed, and a hash must not travel."""
    text = bytes(raw)
    if not text.startswith(b'"') or len(text) > 64:
        return None
    value = text[1:-1].decode("ascii", "replace")
    return value if is_date(value) else None
