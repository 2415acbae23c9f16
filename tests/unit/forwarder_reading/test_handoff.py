"""The memory between reader and spooler: bounded, and honest about it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.handoff import Handoff

DEADLINE = 20.0


def hint(id: str) -> Hint:
    return Hint(wire.Change(mount="secret/", path="x"), id, f"2026-11-23T10:00:0{id}Z")


def ids(hints: list[Hint]) -> list[str]:
    return [hint.id for hint in hints]


def test_take_returns_everything_in_order() -> None:
    """One take is one batch."""
    handoff = Handoff()
    for id in "123":
        handoff.put(hint(id))

    assert len(handoff) == 3
    assert ids(handoff.take(0)) == ["1", "2", "3"]
    assert handoff.take(0) == []


def test_take_wakes_for_the_first_hint() -> None:
    """A hint is taken when it comes, not when a time-out is over."""
    handoff = Handoff()
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(handoff.take, None)
        handoff.put(hint("1"))

        assert ids(taking.result(DEADLINE)) == ["1"]


def test_a_full_handoff_drops_and_says_so_once() -> None:
    """Many dropped hints are one gap, since the first of them."""
    handoff = Handoff(2, mounts=["a", "b"])
    for id in "1234":
        handoff.put(hint(id))

    *kept, gap = handoff.take(0)

    assert ids(kept) == ["1", "2"]
    assert gap.data == wire.Gap(
        mounts=["a", "b"], reason="overflow", since="2026-11-23T10:00:03Z"
    )
    assert handoff.overflows == 1


def test_a_new_overflow_is_a_new_gap() -> None:
    """A gap that was taken does not stand for what is dropped later."""
    handoff = Handoff(1)
    for _ in range(2):
        handoff.put(hint("1"))
        handoff.put(hint("2"))

        assert len(handoff.take(0)) == 2
    assert handoff.overflows == 2


def test_close_wakes_the_taker() -> None:
    """Nobody waits for a reader that has ended."""
    handoff = Handoff()
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(handoff.take, None)
        handoff.close()

        assert taking.result(DEADLINE) == []


def test_what_is_left_is_taken_after_close() -> None:
    """Closing loses nothing, and the empty end does not wait."""
    handoff = Handoff()
    handoff.put(hint("1"))
    handoff.close()

    assert handoff.closed
    assert ids(handoff.take(None)) == ["1"]
    assert handoff.take(None) == []


def test_two_threads_lose_nothing_silently() -> None:
    """Hints arrive in order, each once; any that are missing made a gap."""
    handoff = Handoff(50)

    def put_many() -> None:
        for number in range(20_000):
            handoff.put(Hint(wire.Change(mount="m/", path="x"), str(number), None))
        handoff.close()

    writer = threading.Thread(target=put_many)
    writer.start()
    taken: list[Hint] = []
    while batch := handoff.take(DEADLINE):
        assert len(batch) <= 51
        taken += batch
    writer.join()
    taken += handoff.take(0)

    numbers = [int(one.id) for one in taken if isinstance(one.data, wire.Change)]
    gaps = len(taken) - len(numbers)
    assert numbers == sorted(set(numbers))
    assert gaps == handoff.overflows
    assert (gaps > 0) == (len(numbers) < 20_000)
