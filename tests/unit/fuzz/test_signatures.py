"""Signatures, with the specification's own Python library as the oracle both ways."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from vault_audit_forwarder import signing

KEYS = st.binary(min_size=24, max_size=64).map(
    lambda raw: "whsec_" + base64.b64encode(raw).decode()
)
#: What HTTP carries in a header without being asked to.
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
#: The oracle signs and reads text.
BODIES = st.text(max_size=200)
JSON_BODIES = st.dictionaries(st.text(max_size=5), st.integers(), max_size=4)
NOW = st.integers(0, 4_000_000_000)


@given(KEYS, IDS, BODIES, NOW)
def test_what_the_oracle_signs_is_taken(
    key: str, message_id: str, body: str, now: int
) -> None:
    """Any key, id, time and body."""
    headers = {
        signing.ID: message_id,
        signing.TIMESTAMP: str(now),
        signing.SIGNATURE: Oracle(key).sign(
            message_id, datetime.fromtimestamp(now, UTC), body
        ),
    }
    keys = [signing.parse_key(signing.new_key()), signing.parse_key(key)]

    assert (
        signing.verify(keys, headers, body.encode(), now=now + 1.5, tolerance=2) == now
    )


@given(st.lists(KEYS, min_size=1, max_size=3), IDS, st.binary(max_size=200), NOW)
def test_our_signature_is_the_oracle_s(
    keys: list[str], message_id: str, body: bytes, now: int
) -> None:
    """Each of them, over bytes that need be no text."""
    headers = signing.sign(
        [signing.parse_key(key) for key in keys],
        message_id=message_id,
        timestamp=now,
        body=body,
    )
    text = body.decode("latin-1")
    same = signing.sign(
        [signing.parse_key(key) for key in keys],
        message_id=message_id,
        timestamp=now,
        body=text.encode(),
    )

    at = datetime.fromtimestamp(now, UTC)
    expected = [Oracle(key).sign(message_id, at, text) for key in keys]
    assert same[signing.SIGNATURE].split(" ") == expected
    parsed = [signing.parse_key(key) for key in keys]
    for one in parsed:
        assert signing.verify([one], headers, body, now=now, tolerance=0) == now


@given(KEYS, IDS, JSON_BODIES)
def test_what_we_sign_the_oracle_takes(
    key: str, message_id: str, body: dict[str, int]
) -> None:
    """Its own check, with its own clock."""
    text = json.dumps(body)
    headers = signing.sign(
        [signing.parse_key(signing.new_key()), signing.parse_key(key)],
        message_id=message_id,
        timestamp=int(time.time()),
        body=text.encode(),
    )

    Oracle(key).verify(text, headers)
    with pytest.raises(WebhookVerificationError):
        Oracle(key).verify(text + " ", headers)


@given(KEYS, st.binary(max_size=60), NOW, st.data())
def test_nothing_that_was_changed_passes(
    key: str, body: bytes, now: int, data: st.DataObject
) -> None:
    """Another body, id or time than was signed, or a bit of the signature."""
    known = [signing.parse_key(key)]
    headers = signing.sign(known, message_id="id", timestamp=now, body=body)
    other = data.draw(st.binary(max_size=60).filter(lambda some: some != body))
    signature = bytearray(base64.b64decode(headers[signing.SIGNATURE][3:]))
    signature[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    changed = base64.b64encode(signature).decode()

    for name, value, sent in (
        (signing.ID, "other", body),
        (signing.TIMESTAMP, str(now + 1), body),
        (signing.SIGNATURE, f"v1,{changed}", body),
        (signing.SIGNATURE, headers[signing.SIGNATURE].replace("v1", "v1a"), body),
        (signing.ID, "id", other),
    ):
        with pytest.raises(signing.BadSignature):
            signing.verify(known, headers | {name: value}, sent, now=now, tolerance=9)


@given(
    st.dictionaries(
        st.sampled_from([signing.ID, signing.TIMESTAMP, signing.SIGNATURE]),
        st.text(st.characters(max_codepoint=255))
        | st.sampled_from(["v1,", "v1, v1,AAAA", "v1,=", "v1,ü", "9" * 12, "-1", "²"]),
    ),
    st.binary(max_size=20),
)
def test_no_header_is_more_than_a_bad_signature(
    headers: dict[str, str], body: bytes
) -> None:
    """HTTP carries any byte, and a stranger may send it."""
    with pytest.raises(signing.BadSignature):
        signing.verify(
            [signing.parse_key(signing.new_key())], headers, body, now=0, tolerance=1e9
        )


@given(st.text() | st.text().map("whsec_".__add__) | st.binary().map(repr))
def test_what_is_no_key_is_an_invalid_key(text: str) -> None:
    """Also a letter outside ASCII; and the message never repeats it."""
    refused = ""
    try:
        assert 24 <= len(signing.parse_key(text)) <= 64
    except signing.InvalidKey as error:
        refused = str(error)
    assert len(text) < 12 or text not in refused


def test_a_letter_outside_ascii_is_no_base64() -> None:
    """A file that was saved by a word processor is told so, like any other."""
    with pytest.raises(signing.InvalidKey):
        signing.parse_key("whsec_" + "é" * 32)
