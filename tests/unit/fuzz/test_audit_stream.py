"""Whatever a peer of the audit socket sends: a hint, nothing, or a named doubt.

The lines are those that OpenBao wrote for ``tests/contract``, damaged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fuzz.mutations import JSONS, damaged, places, replaced
from vault_audit_forwarder import audit, wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.interpreter import Interpreter
from vault_audit_forwarder.lines import LineSplitter

_GOLDEN = Path(__file__).parents[2] / "contract" / "golden"
LINES = (_GOLDEN / "openbao-2.7.2.jsonl").read_bytes().splitlines()
MAKING_HINTS = [
    LINES[json.loads(line)["line"] - 1]
    for line in (_GOLDEN / "openbao-2.7.2.hints.jsonl").read_bytes().splitlines()
]
CANARY = "c4n4ry-Vq7pLm2Xz"
#: What may travel, by its place in the entry. All else may not.
_TRAVELS = {
    ("time",),
    ("request", "id"),
    ("request", "operation"),
    ("request", "path"),
    ("request", "namespace"),
    ("request", "namespace", "path"),
    ("request", "mount_point"),
    ("request", "mount_accessor"),
    ("response", "mount_accessor"),
}


def encoded(hint: Hint) -> bytes:
    return wire.encode(
        wire.make_event(
            hint.data, source="vault", forwarder="here", id=hint.id, time=hint.time
        )
    )


def read(interpreter: Interpreter, line: bytes, now: float = 0.0) -> Hint | None:
    """What the reader does with a line; None too when it is said to be unreadable."""
    audit.entry_time(line)
    audit.is_jsonx(line)
    audit.token_is_raw(line)
    if not audit.may_matter(line):
        return None
    try:
        return interpreter.interpret(line, now)
    except audit.Unreadable as error:
        doubt = str(error)
    assert CANARY not in doubt
    return None


@given(st.lists(damaged(st.sampled_from(LINES) | st.binary(max_size=80)), max_size=6))
def test_a_damaged_stream_is_read_to_its_end(lines: list[bytes]) -> None:
    """No bytes crash the reading, and every hint of theirs can be sent."""
    interpreter, splitter = Interpreter(), LineSplitter(8000)
    stream = b"\n".join(lines) + b"\n"

    hints = [
        hint
        for at in range(0, len(stream), 700)
        for line in splitter.feed(stream[at : at + 700]).lines
        if (hint := read(interpreter, line, at))
    ]

    for hint in [*hints, *interpreter.give_up()]:
        assert json.loads(encoded(hint))["specversion"] == "1.0"
    assert read(interpreter, LINES[0]) is None
    good = MAKING_HINTS[0]
    assert splitter.feed(good + b"\n").lines[-1] == good
    assert read(interpreter, good) is not None


@given(st.sampled_from(MAKING_HINTS), st.data())
def test_a_torn_write_is_doubt_and_never_nothing(line: bytes, data: Any) -> None:
    """A line that is cut off anywhere behind its operation is said to be unreadable:
    to pass it over would be to lose a change."""
    found = audit.may_matter(line)
    assert found is not None
    torn = line[: data.draw(st.integers(found.end(), len(line) - 1))]

    with pytest.raises(audit.Unreadable):
        Interpreter().interpret(torn, 0)


@given(st.sampled_from(MAKING_HINTS), st.data())
def test_a_value_of_another_kind_is_no_crash_and_no_silence(
    line: bytes, data: Any
) -> None:
    """Whatever stands in the place of one value of an entry, either a hint comes of
    it, or a doubt, or the entry says of itself that it is about something else."""
    entry = json.loads(line)
    place = data.draw(st.sampled_from(places(entry)))
    changed = replaced(entry, place, data.draw(JSONS))
    text = json.dumps(changed, separators=(",", ":")).encode()
    try:
        hint = Interpreter().interpret(text, 0)
    except audit.Unreadable:
        return

    decides = place[0] in ("type", "error", "request") or place[:2] in (
        ("response", "data"),
        ("response",),
    )
    assert hint is not None or decides


@pytest.mark.parametrize("line", MAKING_HINTS)
def test_nothing_but_the_listed_attributes_travels(line: bytes) -> None:
    """A canary in the place of each value in turn, and beside it under a name of its
    own, is in no event unless the attribute is one that travels."""
    entry = json.loads(line)
    for place in places(entry):
        if place in _TRAVELS:
            continue
        for value in (CANARY, [CANARY], {CANARY: CANARY, "version": CANARY}):
            text = json.dumps(replaced(entry, place, value), separators=(",", ":"))
            for hint in (
                read(interpreter := Interpreter(), text.encode()),
                *interpreter.give_up(),
            ):
                assert hint is None or CANARY.encode() not in encoded(hint), place


@pytest.mark.parametrize("depth", [100, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_doubt(depth: int, opening: bytes) -> None:
    """A line of brackets alone is no reason to end."""
    line = b'{"type":"response","request":{"operation":"create","data":'
    for text in (line + opening * depth, opening * depth + b'"operation":"create"'):
        with pytest.raises(audit.Unreadable):
            Interpreter().interpret(text, 0)
        assert audit.entry_time(text) is None
