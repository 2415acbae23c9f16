"""The same entry from two inputs is one event."""

from __future__ import annotations

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.repeats import Repeats


def change(id: str = "one", version: int | None = 1, time: str | None = None) -> Hint:
    return Hint(wire.Change(mount="kv/", path="data/a", version=version), id, time)


def test_what_was_told_is_not_told_again() -> None:
    """Each device writes a time of its own into the same entry."""
    repeats = Repeats()
    repeats.remember([change(time="2026-11-23T10:00:00Z")])

    assert repeats.without([change(time="2026-11-23T10:00:01Z")]) == []


def test_another_request_or_another_word_about_it_is_new() -> None:
    """First only that a write was tried, later which version it made."""
    repeats = Repeats()
    repeats.remember([change(version=None)])
    new = [change(), change("two", None)]

    assert repeats.without(new) == new


def test_gaps_are_never_repeats() -> None:
    """Each stands for what was missed at another time."""
    repeats = Repeats()
    gap = Hint(wire.Gap(reason="connection"), "one", None)
    repeats.remember([gap])

    assert repeats.without([gap]) == [gap]


def test_memory_is_bounded_and_the_last_are_known() -> None:
    """What is long ago may be told again."""
    repeats = Repeats(at_least=10)
    hints = [change(str(number)) for number in range(100)]
    for hint in hints:
        repeats.remember([hint])

    assert repeats.without(hints[-10:]) == []
    assert repeats.without(hints[:80]) == hints[:80]


def test_what_did_not_stay_on_disk_is_forgotten() -> None:
    """It has to be told again."""
    repeats = Repeats()
    repeats.remember([change()])
    repeats.forget()

    assert repeats.without([change()]) == [change()]
