"""The thread between audit files and the spool."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.typing import EventDict

from tests.unit.forwarder_files.vault_log import VaultLog
from tests.unit.forwarder_reading.entries import entry, put
from vault_audit_forwarder import wire
from vault_audit_forwarder.file_reader import FileReader
from vault_audit_forwarder.spool import Spool

pytestmark = pytest.mark.integration

DEADLINE = 20.0


class Running:
    """A file reader with a real spool; ``turned`` is set by each beat and store."""

    def __init__(self, spool: Spool, *paths: Path, **how: Any) -> None:
        self.spool = spool
        self._turned = threading.Event()
        self.beats = 0
        self.stored = 0
        self.reader = FileReader(
            paths, spool, stored=self._stored, beat=self._beat, **how
        )
        self.reader.start()

    def _beat(self) -> None:
        self.beats += 1
        self._turned.set()

    def _stored(self) -> None:
        self.stored += 1
        self._turned.set()

    def wait_until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not true():
            assert time.monotonic() < deadline, "did not come true"
            self._turned.clear()
            self._turned.wait(1)

    def changed(self) -> list[str]:
        """What waits in the spool: ids in order, gaps left out."""
        waiting = [event.hint for event in self.spool.peek(100_000)]
        return [hint.id for hint in waiting if isinstance(hint.data, wire.Change)]

    def gaps(self) -> list[str]:
        waiting = [event.hint.data for event in self.spool.peek(100_000)]
        return [data.reason for data in waiting if isinstance(data, wire.Gap)]

    def has(self, *ids: str) -> Callable[[], bool]:
        return lambda: set(ids) <= set(self.changed())

    def deliver(self) -> list[str]:
        batch = self.spool.peek(100_000)
        self.spool.delivered(batch)
        return [event.hint.id for event in batch]

    def stop(self) -> None:
        self.reader.stop(DEADLINE)
        assert not self.reader.is_alive()


Run = Callable[..., Running]


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def run(tmp_path: Path, path: Path, logged: list[EventDict]) -> Iterator[Run]:
    """Starts readers on one spool; stops them all."""
    with ExitStack() as ending:

        def running(*paths: Path, max_events: int = 100_000, **how: Any) -> Running:
            spool = Spool(tmp_path / "spool.db", max_events=max_events)
            ending.callback(spool.close)
            started = Running(spool, *(paths or (path,)), **how)
            ending.callback(started.stop)
            return started

        yield running


def write(vault: VaultLog, *ids: str) -> None:
    """Each id is a put to a secret of its own."""
    vault.write(*(put(id=id, path=f"secret/data/{id}") for id in ids))


def test_what_is_written_is_in_the_spool_and_the_sender_is_woken(
    vault: VaultLog, run: Run
) -> None:
    """With the gap of a file that was not read before."""
    running = run()
    running.wait_until(lambda: running.gaps() == ["new_file"])
    write(vault, "one", "two")

    running.wait_until(running.has("one", "two"))
    assert running.stored >= 2
    assert running.reader.stats.entries == 2


def test_several_files_are_followed(tmp_path: Path, path: Path, run: Run) -> None:
    """A Vault may have more than one, and each has its own place in the spool."""
    other = tmp_path / "other.log"
    with closing(VaultLog(path)) as first, closing(VaultLog(other)) as second:
        write(first, "old")
        write(second, "old")
        running = run(path, other)
        running.wait_until(lambda: running.reader.stats.gaps["new_file"] == 2)
        write(first, "one")
        write(second, "two")
        running.wait_until(running.has("one", "two"))
        running.stop()
        write(first, "three")
        write(second, "four")
        again = run(path, other)
        again.wait_until(again.has("three", "four"))

    assert sorted(again.changed()) == sorted(["one", "two", "three", "four"])


def test_a_full_spool_is_waited_for_and_nothing_is_dropped(
    vault: VaultLog, run: Run, logged: list[EventDict]
) -> None:
    """The file keeps what there is no room for; the reader is alive meanwhile."""
    ids = [str(number) for number in range(50)]
    running = run(max_events=10)
    running.wait_until(lambda: running.gaps() == ["new_file"])
    write(vault, *ids)
    running.wait_until(lambda: len(running.changed()) >= 9)
    beats = running.beats
    running.wait_until(lambda: running.beats > beats + 2)
    assert running.spool.pending().events <= 11

    delivered = running.deliver()
    while set(ids) - set(delivered):
        running.wait_until(running.changed)
        delivered += running.deliver()

    assert [id for id in delivered if id in ids] == ids
    assert running.reader.stats.gaps["overflow"] == 0
    assert running.spool.gaps["spool_full"] == 0
    full = [line for line in logged if line.get("reason") == "it is full"]
    assert full
    assert len(full) < 20


def test_the_end_does_not_wait_for_room_and_loses_nothing(
    vault: VaultLog, run: Run
) -> None:
    """What was not stored is read again at the next start."""
    ids = [str(number) for number in range(20)]
    first = run(max_events=5)
    first.wait_until(lambda: first.gaps() == ["new_file"])
    write(vault, *ids)
    first.wait_until(lambda: len(first.changed()) >= 4)
    first.stop()
    second = run()

    second.wait_until(second.has(*ids))
    assert second.gaps() == ["new_file"]


def test_a_disk_that_refuses_costs_time_only(
    vault: VaultLog, run: Run, logged: list[EventDict]
) -> None:
    """Not even a gap, as it would with a socket."""
    running = run()
    running.wait_until(lambda: running.gaps() == ["new_file"])
    ((pages,),) = running.spool.select("PRAGMA page_count")
    running.spool.select(f"PRAGMA max_page_count = {pages}")
    ids = [str(number) for number in range(2000)]
    write(vault, *ids)
    # However few of the lines were there when it read the first.
    running.wait_until(lambda: any("takes nothing" in line["event"] for line in logged))
    beats = running.beats
    running.wait_until(lambda: running.beats > beats + 2)
    running.spool.select("PRAGMA max_page_count = 1000000")

    running.wait_until(running.has(*ids))
    assert running.gaps() == ["new_file"]


def test_a_missing_file_is_waited_for(
    path: Path, run: Run, logged: list[EventDict]
) -> None:
    """It is said once, and is no fault: Vault may not have started yet."""
    running = run()
    running.wait_until(lambda: running.beats > 2)
    assert running.reader.missing == [f"{path} does not exist"]
    assert running.reader.unreadable == []

    with closing(VaultLog(path)) as vault:
        write(vault, "one")
        running.wait_until(running.has("one"))
    assert running.reader.missing == []
    said = [line["event"] for line in logged]
    assert said.count("waiting for an audit file") == 1
    assert said.count("the audit file is read") == 1


def test_an_unreadable_file_is_a_fault(
    path: Path, run: Run, logged: list[EventDict]
) -> None:
    """Until it can be read."""
    os.mkfifo(path)
    running = run()
    running.wait_until(lambda: running.reader.unreadable)
    (why,) = running.reader.unreadable
    assert why.startswith(f"{path} cannot be read (it is no regular file): ")

    path.unlink()
    with closing(VaultLog(path)) as vault:
        write(vault, "one")
        running.wait_until(lambda: not running.reader.unreadable)
        write(vault, "two")
        running.wait_until(running.has("two"))
    (error,) = (line for line in logged if line["log_level"] == "error")
    assert error["event"] == "waiting for an audit file"


def test_where_nothing_changes_the_place_is_kept_once_a_second(
    vault: VaultLog, run: Run, path: Path
) -> None:
    """Reads cost no transaction each, and are not read again for ever."""
    now = [0.0]
    running = run(clock=lambda: now[0])
    running.wait_until(lambda: running.gaps() == ["new_file"])
    begin = running.spool.checkpoint(path)
    vault.write(entry(operation="read"))
    running.wait_until(lambda: running.reader.stats.entries == 1)
    assert running.spool.checkpoint(path) == begin

    now[0] += 1.5

    running.wait_until(lambda: running.spool.checkpoint(path) != begin)
    assert running.stored == 1


def test_an_orderly_end_leaves_nothing_to_read_again(
    vault: VaultLog, run: Run, path: Path
) -> None:
    """The place on disk is the end of what was read."""
    first = run()
    first.wait_until(lambda: first.gaps() == ["new_file"])
    write(vault, "one")
    vault.write(entry(operation="read"), entry(type="request", id="asked"))
    first.wait_until(lambda: first.reader.stats.entries == 3)
    first.stop()

    known = first.spool.checkpoint(path)
    assert known is not None
    assert known.offset == path.stat().st_size
    assert set(first.changed()) == {"one", "asked"}


def test_stop_is_repeatable_and_works_before_start(
    path: Path, tmp_path: Path, run: Run
) -> None:
    """Whoever shuts down need not know how far the start came."""
    running = run()
    running.reader.stop()
    running.reader.stop()

    with closing(Spool(tmp_path / "other.db", max_events=1)) as spool:
        FileReader([path], spool, stored=lambda: None).stop()


def test_twenty_thousand_lines_are_all_found(vault: VaultLog, run: Run) -> None:
    """Through two rotations, in the order in which they were written."""
    running = run(max_events=100_000)
    running.wait_until(lambda: running.gaps() == ["new_file"])
    ids = [str(number) for number in range(20_000)]
    write(vault, *ids[:7000])
    vault.rotate()
    write(vault, *ids[7000:13_000])
    vault.rotate()
    write(vault, *ids[13_000:])

    running.wait_until(lambda: running.reader.stats.entries >= 20_000)
    running.wait_until(running.has(*ids))
    assert running.changed() == ids
    assert running.gaps() == ["new_file"]
