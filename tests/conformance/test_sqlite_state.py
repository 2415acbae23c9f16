"""What the SQLite state promises beyond its ports: it survives, whatever happens."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from queue import SimpleQueue

import pytest

from receiver.adapters import journal_sql, queue_sql
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import StateFile, open_state
from receiver.core.state import Decision, Entry, Hint, Lane, SecretRef, State
from receiver.ports import Deed, JournalUnavailable, QueueUnavailable
from tests.fakes import Clock

Open = Callable[[], StateFile]
BOTH = (Lane.EVENT, Lane.RECONCILE)
A, B = SecretRef("", "kv", "a"), SecretRef("", "kv", "b")
SCHEMAS = (queue_sql.SCHEMA, journal_sql.SCHEMA)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lib" / "replicator" / "state.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_it() -> StateFile:
            return stack.enter_context(closing(open_state(path, *SCHEMAS)))

        yield open_it


def make_queue(state: StateFile, clock: Clock | None = None) -> SqliteQueue:
    clock = clock or Clock()
    return SqliteQueue(state, now=clock.now, steady=clock.steady)


def entry(name: str) -> Entry:
    return Entry(ref=A, rule="r", region="", name=name, state=State.IN_SYNC)


def restart(path: Path) -> StateFile:
    return open_state(path, *SCHEMAS)


class TestSurvives:
    def test_a_kill_right_after_the_call_returned(self, path: Path) -> None:
        """What was acknowledged is there after a kill -9 of the process: hints, gaps,
        decisions and deeds."""
        child = subprocess.Popen(
            [sys.executable, "-c", _ADD_AND_HANG, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        with child.stdout:
            assert child.stdout.readline() == "added\n"
            os.kill(child.pid, signal.SIGKILL)
            child.wait(30)

        with closing(restart(path)) as state:
            work = make_queue(state).take(BOTH, lease=60, timeout=0)
            assert work is not None
            assert (work.hint.ref, work.hint.version) == (A, 7)
            journal = SqliteJournal(state)
            assert [gap.reason for gap in journal.gaps()] == ["eof"]
            assert [e.decision for e in journal.known(A)] == [Decision.ADOPT]
            assert [deed.by for deed in journal.deeds(before=None, limit=9)] == ["ann"]

    def test_leases_of_a_former_process_are_void(self, path: Path) -> None:
        """After a restart leased work is due at once, with what came meanwhile."""
        with closing(restart(path)) as state:
            queue = make_queue(state)
            queue.add([Hint(ref=A)])
            queue.take(BOTH, lease=3600, timeout=0)
            queue.add([Hint(ref=A, version=8)])
        with closing(restart(path)) as state:
            queue = make_queue(state)
            work = queue.take(BOTH, lease=60, timeout=0)
            assert work is not None
            assert work.hint.version == 8
            assert queue.done(work) is True

    def test_a_round_cut_short_is_not_put_off(self, path: Path) -> None:
        """A timer set during a round does not delay the round that a crash ended."""
        with closing(restart(path)) as state:
            queue = make_queue(state)
            queue.add([Hint(ref=A)])
            queue.take(BOTH, lease=3600, timeout=0)
            queue.add([Hint(ref=A, not_before=Clock().now() + 86400)])
        with closing(restart(path)) as state:
            assert make_queue(state).take(BOTH, lease=60, timeout=0) is not None

    def test_parked_attempts_and_cause(self, path: Path) -> None:
        """What is parked stays parked over a restart, and what failed keeps its
        count."""
        clock = Clock()
        with closing(restart(path)) as state:
            queue = make_queue(state, clock)
            queue.add([Hint(ref=A), Hint(ref=B)])
            for end in (queue.park, lambda *a, **k: queue.retry(*a, delay=0, **k)):
                work = queue.take(BOTH, lease=60, timeout=0)
                assert work is not None
                end(work, cause="KMS_DENIED", detail="no right")
        with closing(restart(path)) as state:
            queue = make_queue(state, clock)
            assert queue.backlog().parked == {"KMS_DENIED": 1}
            assert queue.pending(B) == "KMS_DENIED"
            work = queue.take(BOTH, lease=60, timeout=0)
            assert work is not None
            assert (work.hint.ref, work.attempts) == (B, 1)


class TestClock:
    def test_set_back_while_running(self, opened: Open) -> None:
        """Work put off by a clock that was ahead is due when the clock is set back."""
        clock = Clock()
        queue = make_queue(opened(), clock)
        queue.add([Hint(ref=A)])
        work = queue.take(BOTH, lease=60, timeout=0)
        assert work is not None
        queue.retry(work, delay=30, cause="VAULT_SEALED", detail="")
        queue.add([Hint(ref=B, not_before=clock.now() + 30)])
        clock.jump(-86400)

        assert queue.take(BOTH, lease=60, timeout=0) is not None
        assert queue.take(BOTH, lease=60, timeout=0) is not None

    def test_set_back_before_a_restart(self, path: Path) -> None:
        """The same holds for a clock that was set back between two runs."""
        clock = Clock()
        clock.jump(86400)
        with closing(restart(path)) as state:
            queue = make_queue(state, clock)
            queue.add([Hint(ref=A)])
        clock.jump(-86400)
        with closing(restart(path)) as state:
            queue = make_queue(state, clock)
            assert queue.take(BOTH, lease=60, timeout=0) is not None

    def test_a_small_step_back_does_not_hurry(self, opened: Open) -> None:
        """The corrections of a time service leave the backoff as it is."""
        clock = Clock()
        queue = make_queue(opened(), clock)
        queue.add([Hint(ref=A, not_before=clock.now() + 30)])
        clock.jump(-1)

        assert queue.take(BOTH, lease=60, timeout=0) is None


class TestTurns:
    def test_a_timer_does_not_rely_on_one_worker(self, opened: Open) -> None:
        """Who knows when a row is due passes that on before he takes another."""
        queue = SqliteQueue(opened())
        taken: SimpleQueue[SecretRef | None] = SimpleQueue()

        def take_one() -> None:
            work = queue.take(BOTH, lease=60, timeout=None)
            taken.put(work and work.hint.ref)

        workers = [threading.Thread(target=take_one) for _ in range(2)]
        for worker in workers:
            worker.start()
        queue.add([Hint(ref=A, not_before=time.time() + 0.3)])
        queue.add([Hint(ref=B)])
        try:
            assert [taken.get(timeout=10) for _ in range(2)] == [B, A]
        finally:
            queue.close()
            for worker in workers:
                worker.join(10)


class TestFullDisk:
    @pytest.fixture
    def full(self, opened: Open) -> StateFile:
        """A state file that can hold one secret and not a thousand more."""
        state = opened()
        with state.repeatable(or_raise=AssertionError) as db:
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            db.execute(f"PRAGMA max_page_count = {pages + 2}")
        return state

    def test_add_takes_nothing(self, full: StateFile) -> None:
        """On a full disk add() raises, and nothing of the batch is queued."""
        queue = make_queue(full)
        queue.add([Hint(ref=A)])
        many = [Hint(ref=SecretRef("", "kv", f"x{n}" * 20)) for n in range(1000)]

        with pytest.raises(QueueUnavailable, match="SQLITE_FULL"):
            queue.add(many)
        assert queue.backlog().pending == 1
        work = queue.take(BOTH, lease=60, timeout=0)
        assert work is not None
        assert queue.done(work) is True

    def test_the_journal_says_so(self, full: StateFile) -> None:
        """A journal that cannot write raises, and keeps what it had."""
        journal = SqliteJournal(full)
        first = entry("kv/a")
        journal.record(first, expected=None)

        with pytest.raises(JournalUnavailable, match="SQLITE_FULL"):
            journal.record(entry("n" * 50_000), expected=None)
        assert list(journal.entries("r")) == [first]
        assert journal.counts() == {("r", State.IN_SYNC): 1}

    def test_a_failed_end_keeps_the_lease_a_little(self, opened: Open) -> None:
        """Work whose end cannot be written is not taken again at once, but does not
        wait for the whole lease either."""
        state, clock = opened(), Clock()
        queue = make_queue(state, clock)
        queue.add([Hint(ref=A)])
        work = queue.take(BOTH, lease=60, timeout=0)
        assert work is not None
        with state.repeatable(or_raise=AssertionError) as db:
            db.execute("ALTER TABLE work RENAME TO elsewhere")

        with pytest.raises(QueueUnavailable):
            queue.done(work)
        with state.repeatable(or_raise=AssertionError) as db:
            db.execute("ALTER TABLE elsewhere RENAME TO work")
        assert queue.take(BOTH, lease=60, timeout=0) is None
        clock.advance(6)
        assert queue.take(BOTH, lease=60, timeout=0) is not None


class TestAcknowledged:
    @pytest.fixture
    def unflushable(self, opened: Open) -> Iterator[tuple[StateFile, int]]:
        """A state file on a disk that flushes nothing, and its own descriptor."""
        state = opened()
        true = os.dup(state.log_file)
        pipe = os.pipe()
        os.dup2(pipe[0], state.log_file)
        yield state, true
        for descriptor in (*pipe, true):
            os.close(descriptor)

    def test_waits_for_the_disk(self, unflushable: tuple[StateFile, int]) -> None:
        """What somebody is told is safe is on disk before, or refused; what can be
        repeated does not wait."""
        state, _ = unflushable
        queue, journal = make_queue(state), SqliteJournal(state)
        deed = Deed(at=1.0, by="ann", what="adopt", about="{}")

        journal.record(entry("n"), expected=None)
        for told in (
            lambda: queue.add([Hint(ref=A)]),
            lambda: journal.add_gap(["**"], "eof", None),
            lambda: journal.decide([entry("n")], Decision.ADOPT, "ann"),
            lambda: journal.add_deed(deed),
        ):
            with pytest.raises((QueueUnavailable, JournalUnavailable), match="used"):
                told()

    def test_a_flush_that_failed_is_made_good(
        self, unflushable: tuple[StateFile, int], tmp_path: Path
    ) -> None:
        """The disk may have dropped what it failed to flush, so the next one that is
        acknowledged depends on nothing in the log before it."""
        state, true = unflushable
        queue = make_queue(state)
        with pytest.raises(QueueUnavailable):
            queue.add([Hint(ref=A)])
        os.dup2(true, state.log_file)
        queue.add([Hint(ref=B)])
        without_log = tmp_path / "without-log.db"
        without_log.write_bytes(state.path.read_bytes())

        with closing(sqlite3.connect(without_log)) as db:
            assert db.execute("SELECT count(*) FROM work").fetchone() == (2,)

    def test_work_begins_while_the_disk_turns(
        self, unflushable: tuple[StateFile, int]
    ) -> None:
        """Nobody is told yet that it is safe, but a worker may have it already."""
        state, _ = unflushable
        queue = make_queue(state)
        with pytest.raises(QueueUnavailable):
            queue.add([Hint(ref=A)])

        assert queue.take(BOTH, lease=60, timeout=0) is not None


_ADD_AND_HANG = """
import sys, time
from pathlib import Path
from receiver.adapters import journal_sql, queue_sql
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import open_state
from receiver.core.state import Decision, Entry, Hint, SecretRef, State
from receiver.ports import Deed

state = open_state(Path(sys.argv[1]), queue_sql.SCHEMA, journal_sql.SCHEMA)
journal, a = SqliteJournal(state), SecretRef("", "kv", "a")
journal.add_gap(["**"], "eof", None)
found = Entry(ref=a, rule="r", region="", name="n", state=State.CONFLICT)
journal.decide([found], Decision.ADOPT, "ann")
journal.add_deed(Deed(at=1.0, by="ann", what="adopt", about="{}"))
SqliteQueue(state).add([Hint(ref=a, version=7)])
print("added", flush=True)
time.sleep(600)
"""
