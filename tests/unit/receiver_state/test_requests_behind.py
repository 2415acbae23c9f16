"""What is remembered for logs and traces is bounded."""

from __future__ import annotations

from receiver.adapters.requests_behind import RequestsBehind
from receiver.core.state import SecretRef, VaultRequest

ONE, TWO, THREE = ((SecretRef("", "kv", name), False) for name in "abc")
FIRST, SECOND = (VaultRequest("first"),), (VaultRequest("second"),)


def test_of_too_many_the_first_gives_way() -> None:
    """Its line then names no request; nothing else is lost."""
    behind = RequestsBehind(most=2)
    for key in (ONE, TWO, THREE):
        behind.add(key, FIRST)

    assert [behind.of(key) for key in (ONE, TWO, THREE)] == [(), FIRST, FIRST]


def test_only_what_was_answered_is_forgotten() -> None:
    """What came during the round is for the next one."""
    behind = RequestsBehind()
    behind.add(ONE, FIRST)
    behind.add(ONE, SECOND)
    behind.answered(ONE, FIRST)
    behind.answered(TWO, FIRST)

    assert behind.of(ONE) == SECOND


def test_who_asks_for_nothing_is_not_remembered() -> None:
    """A comparison queues thousands."""
    behind = RequestsBehind(most=1)
    behind.add(ONE, FIRST)
    behind.add(TWO, ())

    assert behind.of(ONE) == FIRST
