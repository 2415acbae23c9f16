"""Requests, responses and what is missing between them."""

from __future__ import annotations

import uuid

from tests.unit.forwarder_reading.entries import HASH, entry, put
from vault_audit_forwarder import wire
from vault_audit_forwarder.interpreter import ANSWER_WITHIN, Interpreter


def test_a_request_alone_is_no_hint_and_its_response_is() -> None:
    """Nothing has changed before the response says so."""
    interpreter = Interpreter()

    assert interpreter.interpret(entry(type="request", id="one"), 0) is None
    hint = interpreter.interpret(put(7, id="one"), 1)

    assert hint is not None
    assert hint.id == "one"
    assert hint.time == "2026-11-23T16:21:07.139702207Z"
    assert hint.data == wire.Change(
        mount="secret/",
        mount_accessor="kv_6a85b395",
        path="data/app/db",
        operation="update",
        version=7,
        created_time="2026-11-23T16:21:07.138896586Z",
    )
    assert interpreter.overdue(1000) == []


def test_a_request_without_response_becomes_a_hint_after_a_while() -> None:
    """The write may be committed although its response entry was lost."""
    interpreter = Interpreter()
    interpreter.interpret(entry(type="request", id="one"), 100)
    interpreter.interpret(entry(type="request", id="two"), 110)

    assert interpreter.overdue(100 + ANSWER_WITHIN - 0.001) == []
    (hint,) = interpreter.overdue(100 + ANSWER_WITHIN)
    assert (hint.id, hint.data.mount, hint.data.version) == ("one", "secret/", None)  # type: ignore[union-attr]  # a Change
    assert [hint.id for hint in interpreter.give_up()] == ["two"]
    assert interpreter.give_up() == []


def test_since_when_a_response_is_missing() -> None:
    """That of the oldest request; none when all are answered or given up."""
    interpreter = Interpreter()
    assert interpreter.waiting_since() is None
    for id, now in (("one", 100), ("two", 110)):
        interpreter.interpret(entry(type="request", id=id), now)

    assert interpreter.waiting_since() == 100
    interpreter.interpret(put(id="one"), 120)
    assert interpreter.waiting_since() == 110
    interpreter.give_up()
    assert interpreter.waiting_since() is None


def test_a_repeated_request_waits_from_its_repetition() -> None:
    """Vault writes an entry again after a reconnect; order stays by deadline."""
    interpreter = Interpreter()
    for id, now in (("one", 0), ("two", 5), ("one", 10)):
        interpreter.interpret(entry(type="request", id=id), now)

    assert [hint.id for hint in interpreter.overdue(36)] == ["two"]
    assert [hint.id for hint in interpreter.overdue(40)] == ["one"]


def test_a_failed_response_ends_the_waiting() -> None:
    """A write that was refused changed nothing, now or later."""
    interpreter = Interpreter()
    interpreter.interpret(entry(type="request", id="one"), 0)
    failed = entry(
        id="one", error="1 error occurred", response={"data": {"error": HASH}}
    )

    assert interpreter.interpret(failed, 1) is None
    assert interpreter.give_up() == []


def test_a_denied_request_is_not_waited_for() -> None:
    """An error in the request entry means that it will not be executed."""
    interpreter = Interpreter()

    interpreter.interpret(entry(type="request", error="permission denied"), 0)

    assert interpreter.give_up() == []


def test_too_many_unanswered_requests_are_admitted_once() -> None:
    """Memory is bounded; what is not remembered is said to be forgotten."""
    interpreter = Interpreter(max_unanswered=2)
    for id in ("one", "two", "three", "four"):
        interpreter.interpret(entry(type="request", id=id), 0)

    assert interpreter.forgot()
    assert not interpreter.forgot()
    assert [hint.id for hint in interpreter.give_up()] == ["one", "two"]


def test_the_accessor_comes_from_the_response_when_the_request_lacks_it() -> None:
    """Deletes and patches are routed after the request half was filled in."""
    line = entry(
        operation="delete",
        request={"mount_accessor": ""},
        response={"mount_accessor": "kv_1"},
    )

    hint = Interpreter().interpret(line, 0)

    assert hint is not None
    assert isinstance(hint.data, wire.Change)
    assert hint.data.mount_accessor == "kv_1"


def test_a_failed_mount_change_is_none() -> None:
    """The three shapes of failure hold below sys/ too."""
    line = entry(
        path="sys/mounts/kv1",
        mount_point="sys/",
        mount_type="system",
        response={"data": {"error": HASH}},
    )

    assert Interpreter().interpret(line, 0) is None


def test_unwanted_mounts_are_neither_hinted_nor_waited_for() -> None:
    """What the configuration leaves out costs no memory."""
    interpreter = Interpreter(["other/**"])

    assert interpreter.interpret(entry(type="request"), 0) is None
    assert interpreter.interpret(put(), 0) is None
    assert interpreter.give_up() == []


def test_entries_of_other_types_are_nothing() -> None:
    """Plugins may write entry types of their own."""
    line = entry(type="secret-response")

    assert Interpreter().interpret(line, 0) is None


def test_a_write_of_vault_itself_gets_an_id() -> None:
    """Vault's own requests, as at its first start, have none; an event needs one."""
    interpreter = Interpreter()

    hints = [interpreter.interpret(put(id=""), 0) for _ in range(2)]

    ids = {uuid.UUID(hint.id) for hint in hints if hint}
    assert len(ids) == 2


def test_a_write_of_vault_itself_is_not_waited_for() -> None:
    """Without an id its response could not be told from another's."""
    interpreter = Interpreter()

    interpreter.interpret(entry(type="request", id=""), 0)

    assert interpreter.give_up() == []


def test_a_hint_has_only_a_real_time() -> None:
    """A time that is none is not passed on."""
    hint = Interpreter().interpret(put(time="soon"), 0)

    assert hint is not None
    assert hint.time is None
