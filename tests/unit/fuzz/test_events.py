"""The event parser: an event in good order, or one field and why it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fuzz.mutations import JSONS, damaged, places, replaced
from vault_audit_forwarder import wire

CANARY = "c4n4ry-Vq7pLm2Xz"
_DATA: list[wire.Data] = [
    wire.Change(
        namespace="team1/",
        mount="kv/",
        mount_accessor="kv_1",
        path="data/app/db",
        operation="create",
        version=3,
        created_time="2026-11-23T10:00:00.5Z",
        deletion_time="2026-12-23T10:00:00Z",
    ),
    wire.MountChange(namespace="team1/", mount="kv/", operation="delete"),
    wire.Gap(reason="torn_line", since="2026-11-23T10:00:00.5Z"),
    wire.Heartbeat(last_entry_time="2026-11-23T10:00:00.5Z", version="1"),
]
EVENTS = [
    wire.encode(
        wire.make_event(data, source="vault", forwarder="one", id="id", time=None)
    )
    for data in _DATA
]


def decoded(raw: bytes) -> wire.Event | None:
    """The event; None when it is refused, as only InvalidEvent may do."""
    refused = None
    try:
        event = wire.decode_event(raw)
    except wire.InvalidEvent as error:
        refused = error
    if refused is not None:
        assert refused.field
        assert refused.reason
        assert CANARY not in str(refused)
        return None
    wire.encode(event)
    if isinstance(event.data, wire.Change):
        segments = event.data.path.split("/")
        assert not {"", ".", ".."}.intersection(segments)
        assert event.data.mount.strip("/")
    return event


@given(damaged(st.sampled_from(EVENTS)) | st.binary(max_size=60))
def test_any_bytes_are_an_event_or_a_refusal(raw: bytes) -> None:
    """And what is taken can be sent on, and names a place that can be."""
    decoded(raw)


@given(st.sampled_from(EVENTS), st.data())
def test_any_value_in_any_place(raw: bytes, data: Any) -> None:
    """Kinds that do not fit are refused, and whatever is taken stays what it is."""
    event = json.loads(raw)
    place = data.draw(st.sampled_from(places(event)))
    text = json.dumps(replaced(event, place, data.draw(JSONS))).encode()
    if (taken := decoded(text)) is not None and taken.data is not None:
        assert wire.decode_event(wire.encode(taken)) == taken


@pytest.mark.parametrize("raw", EVENTS)
def test_a_refusal_tells_no_value(raw: bytes) -> None:
    """A canary in each place in turn, as text, key and list, is in no refusal."""
    event = json.loads(raw)
    for place in places(event):
        for value in (
            CANARY,
            [CANARY],
            {CANARY: CANARY},
            f"../{CANARY}",
            f"{CANARY}\0",
        ):
            decoded(json.dumps(replaced(event, place, value)).encode())


@given(st.binary(max_size=80) | damaged(st.sampled_from(EVENTS)), st.booleans())
def test_a_body_is_cut_up_or_refused(body: bytes, batch: bool) -> None:
    """Whatever it holds, and however it was labelled."""
    try:
        events = wire.split_body(body, batch=batch)
    except wire.InvalidBody:
        return
    for raw in events:
        decoded(bytes(raw))


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("opening", [b"[", b'{"data":', b'[{"data":'])
def test_a_deep_body_is_refused(opening: bytes, batch: bool) -> None:
    """A megabyte of brackets, closed or not, ends nothing but itself."""
    closing = {b"[": b"]", b"{": b"}"}
    depth = wire.MAX_BODY_BYTES // (2 * len(opening))
    closed = b"".join(
        closing[bytes([one])] for one in reversed(opening) if one in b"[{"
    )
    for body in (opening * depth, opening * depth + b"1" + closed * depth):
        try:
            events = wire.split_body(body, batch=batch)
        except wire.InvalidBody:
            continue
        assert all(decoded(bytes(raw)) is None for raw in events)
