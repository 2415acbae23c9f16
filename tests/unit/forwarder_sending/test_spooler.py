"""Between memory and disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError
from vault_audit_forwarder.spooler import Spooler

pytestmark = pytest.mark.integration

Made = Callable[..., Hint]
DEADLINE = 20.0


@pytest.fixture
def start() -> Iterator[Callable[[Handoff, Spool], threading.Event]]:
    """Starts spoolers; returns an event that is set after each transaction."""
    with ExitStack() as ending:

        def started(handoff: Handoff, spool: Spool) -> threading.Event:
            stored = threading.Event()
            spooler = Spooler(handoff, spool, stored=stored.set, mounts=["kv"])
            spooler.start()
            ending.callback(lambda: spooler.drain(DEADLINE))
            ending.callback(handoff.close)
            return stored

        yield started


def test_what_is_handed_over_is_on_disk_before_anybody_is_woken(
    start: Callable[[Handoff, Spool], threading.Event],
    open_spool: Callable[..., Spool],
    hint: Made,
) -> None:
    """The sender finds what it was woken for."""
    handoff, spool = Handoff(), open_spool()
    stored = start(handoff, spool)
    handoff.put(hint("data/a"))

    assert stored.wait(DEADLINE)
    assert spool.pending().events == 1


def test_what_follows_at_once_is_stored_together(
    open_spool: Callable[..., Spool], hint: Made
) -> None:
    """The first goes to disk alone; the end does not wait for more to gather."""
    handoff, spool = Handoff(), open_spool()
    stored = threading.Semaphore(0)
    spooler = Spooler(handoff, spool, stored=stored.release, gather=3600.0)
    spooler.start()
    handoff.put(hint("data/first"))
    assert stored.acquire(timeout=DEADLINE)
    for number in range(3):
        handoff.put(hint(f"data/{number}"))
    assert not stored.acquire(timeout=0.2), "stored without waiting for more"
    handoff.close()
    spooler.drain(DEADLINE)

    assert not spooler.is_alive()
    assert spool.pending().events == 4
    assert stored.acquire(blocking=False)
    assert not stored.acquire(blocking=False)


def test_draining_stores_what_is_left(
    open_spool: Callable[..., Spool], hint: Made
) -> None:
    """More than one transaction holds."""
    handoff, spool = Handoff(), open_spool(100_000)
    for number in range(12_000):
        handoff.put(hint(f"data/{number}"))
    handoff.close()
    spooler = Spooler(handoff, spool, stored=lambda: None)
    spooler.start()
    spooler.drain(60)

    assert not spooler.is_alive()
    assert spool.pending().events == 12_000


class Refusing(Spool):
    """On a full disk until ``make_room``; ``refused`` is set when that was felt."""

    def fill(self) -> None:
        self.refused = threading.Event()
        ((pages,),) = self.select("PRAGMA page_count")
        self.select(f"PRAGMA max_page_count = {pages}")

    def make_room(self) -> None:
        self.select("PRAGMA max_page_count = 1000000")

    def add(self, hints: Iterable[Hint]) -> None:
        try:
            super().add(hints)
        except SpoolError:
            self.refused.set()
            raise


@pytest.fixture
def full(tmp_path: Path, hint: Made) -> Iterator[Refusing]:
    with closing(Refusing(tmp_path / "full.db", max_events=100_000)) as spool:
        spool.add([hint("data/first")])
        spool.fill()
        yield spool


def test_a_disk_that_refuses_costs_time_not_events(
    start: Callable[[Handoff, Spool], threading.Event], full: Refusing, hint: Made
) -> None:
    """They are held, stored when there is room, and a gap says that it was close."""
    handoff = Handoff()
    for number in range(2000):
        handoff.put(hint(f"data/{number}"))
    stored = start(handoff, full)
    assert full.refused.wait(DEADLINE)
    assert not stored.is_set()
    full.make_room()

    assert stored.wait(DEADLINE)
    waiting = [event.hint.data for event in full.peek(5000)]
    assert sum(isinstance(data, wire.Change) for data in waiting) == 2001
    (gap,) = (data for data in waiting if isinstance(data, wire.Gap))
    assert (gap.reason, gap.mounts) == ("spool_full", ["kv"])


def test_a_disk_that_refuses_at_the_end_does_not_hold_the_end_up(
    full: Refusing, hint: Made
) -> None:
    """One try, then the process ends; its restart is a gap."""
    handoff = Handoff()
    for number in range(2000):
        handoff.put(hint(f"data/{number}"))
    handoff.close()
    spooler = Spooler(handoff, full, stored=lambda: None)
    spooler.start()
    spooler.drain(DEADLINE)

    assert not spooler.is_alive()
    assert full.refused.is_set()
