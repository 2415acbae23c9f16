"""Signatures of the Standard Webhooks specification, symmetric form (``v1``).

What is signed is ``id.timestamp.body``, over the bytes that travel. Both sides take
several keys, so that a key is replaced without a moment of refusal. Verification
compares in constant time and answers every malformed input with one of two errors:
nothing that a stranger can send raises anything else.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import NewType

Key = NewType("Key", bytes)

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

_PREFIX = "whsec_"
_MIN_BYTES, _MAX_BYTES = 24, 64
_TIMESTAMP_SHAPE = re.compile(r"[0-9]{1,12}", re.ASCII)
_MAX_SIGNATURES = 16


class InvalidKey(ValueError):
    """The text is no signing key. The message never holds the text."""


class BadSignature(Exception):
    """A header is missing or unreadable, or no signature is by a known key."""


class BadTimestamp(Exception):
    """The signature holds, but the message is too old or from the future."""


def new_key() -> str:
    """A fresh key: ``whsec_`` and the base64 of 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def parse_key(text: str) -> Key:
    """Read a key as :func:`new_key` prints it. Raises InvalidKey."""
    text = text.strip()
    if not text.startswith(_PREFIX):
        raise InvalidKey(f"a signing key starts with {_PREFIX}")
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError as error:
        # binascii.Error is one, and so is what a letter outside ASCII raises.
        raise InvalidKey(f"what follows {_PREFIX} is not base64") from error
    if not _MIN_BYTES <= len(key) <= _MAX_BYTES:
        raise InvalidKey(
            f"a signing key has {_MIN_BYTES} to {_MAX_BYTES} bytes, this one {len(key)}"
        )
    return Key(key)


def sign(
    keys: Sequence[Key], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message, signed with every key. ``timestamp``: seconds."""
    signatures = (
        "v1," + base64.b64encode(_digest(key, message_id, timestamp, body)).decode()
        for key in keys
    )
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: " ".join(signatures),
    }


def verify(
    keys: Sequence[Key],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    tolerance: float,
) -> int:
    """Check a message; returns its timestamp in seconds.

    ``headers`` is looked up by lower-case name; ``tolerance`` is in seconds, both
    ways. Raises BadSignature first and BadTimestamp only for a message that is
    truly signed, so that a stranger learns nothing about the clock.
    """
    message_id = headers.get(ID, "")
    timestamp = headers.get(TIMESTAMP, "")
    signature = headers.get(SIGNATURE, "")
    if not (message_id and signature and _TIMESTAMP_SHAPE.fullmatch(timestamp)):
        raise BadSignature("a webhook header is missing or unreadable")
    given = [_decode(part) for part in signature.split(" ")[:_MAX_SIGNATURES]]
    known = [_digest(key, message_id, timestamp, body) for key in keys]
    matches = [hmac.compare_digest(one, other) for one in given for other in known]
    if not any(matches):
        raise BadSignature("no signature is by a known key")
    if abs(now - int(timestamp)) > tolerance:
        raise BadTimestamp("the timestamp is outside the tolerance")
    return int(timestamp)


def _digest(key: Key, message_id: str, timestamp: int | str, body: bytes) -> bytes:
    head = f"{message_id}.{timestamp}.".encode("utf-8", "surrogateescape")
    return hmac.new(key, head + body, hashlib.sha256).digest()


def _decode(part: str) -> bytes:
    """The bytes of ``v1,BASE64``; empty, and so equal to no digest, for all else."""
    version, _, encoded = part.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
