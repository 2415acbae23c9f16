"""A state file of an earlier format becomes one of today's, or stays what it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.pauses_sqlite import SqlitePauses
from receiver.adapters.plans_sqlite import SqlitePlans
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import StateFile, StateUnusable, open_state
from receiver.core.pause import Pause
from receiver.core.state import Entry, Hint, Lane, SecretRef, State
from receiver.durable import SCHEMAS
from tests.fakes import Clock

GOLDEN = Path(__file__).with_name("golden")
FORMAT_1, FORMAT_2 = (GOLDEN / f"state_format_{number}.sql" for number in (1, 2))
BOTH = (Lane.EVENT, Lane.RECONCILE)
A, B = SecretRef("", "kv", "a"), SecretRef("", "kv", "data/b")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of format 1 with three references queued, an entry and a gap."""
    made = tmp_path / "state.db"
    with closing(sqlite3.connect(made)) as db:
        db.executescript(FORMAT_1.read_text())
    return made


def upgraded(path: Path) -> StateFile:
    return open_state(path, *SCHEMAS)


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        (number,) = db.execute("PRAGMA user_version").fetchone()
        return [f"format {number}", *db.iterdump()]


def shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table, index and trigger, with its columns."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema")]
        return {
            name: [
                *db.execute(f"PRAGMA table_info('{name}')"),
                *db.execute(f"PRAGMA index_info('{name}')"),
            ]
            for name in names
        }


class TestFromFormat1:
    def test_the_queue_stays(self, path: Path) -> None:
        """What was acknowledged is worked on, with its claim, attempts and turn."""
        with closing(upgraded(path)) as state:
            clock = Clock()
            queue = SqliteQueue(state, now=clock.now, steady=clock.steady)
            assert queue.backlog().parked == {"VALUE_EMPTY": 1}
            assert queue.pending(A) == "VAULT_SEALED"
            first = queue.take(BOTH, lease=60, timeout=0)
            second = queue.take(BOTH, lease=60, timeout=0)

            assert first is not None
            assert first.hint == Hint(
                ref=A,
                version=7,
                created_time="2026-11-23T10:00:00.9Z",
                look_twice=True,
                not_before=100.0,
            )
            assert (first.sequence, first.attempts, first.since) == (41, 2, 100.0)
            assert second is not None
            assert (second.hint.ref, second.hint.unresolved) == (B, True)
            assert second.hint.doubt is False

    def test_doubt_is_kept_from_now_on(self, path: Path) -> None:
        """The upgraded queue holds what the earlier one had no room for."""
        with closing(upgraded(path)) as state:
            queue = SqliteQueue(state)
            queue.add([Hint(ref=A, doubt=True)])
            work = queue.take(BOTH, lease=60, timeout=0)

            assert work is not None
            assert (work.hint.doubt, work.hint.version) == (True, 7)

    def test_gaps_and_versions_made_stay(self, path: Path) -> None:
        """What no listing tells of is still known; numbers are not given twice."""
        with closing(upgraded(path)) as state:
            journal = SqliteJournal(state)
            (gap,) = journal.gaps()
            assert (gap.number, gap.reason, gap.since) == (
                2,
                "end_of_stream",
                "2026-11-23T09:30:00Z",
            )
            assert journal.versions_made(A, "r", 0.0) == [90.0]
            journal.clear_gaps([2])
            journal.add_gap(["**"], "overflow", None)
            assert [gap.number for gap in journal.gaps()] == [3]

    def test_entries_are_proven_anew(self, path: Path) -> None:
        """The entries are gone, since AWS tells them; new ones are taken."""
        with closing(upgraded(path)) as state:
            journal = SqliteJournal(state)
            assert list(journal.entries()) == []
            assert journal.counts() == {}
            new = Entry(
                ref=A,
                rule="r",
                region="eu-west-1",
                name="n",
                state=State.HELD,
                cause="BRAKE",
            )
            assert journal.record(new, expected=None)
            assert journal.known(A) == [new]
            assert journal.deletions("r", 0.0).held == 1

    def test_it_is_like_a_new_one(self, path: Path, tmp_path: Path) -> None:
        """After the upgrade nothing tells the file from one that was begun today."""
        upgraded(path).close()
        fresh = tmp_path / "fresh.db"
        open_state(fresh, *SCHEMAS).close()

        assert shape(path) == shape(fresh)

    def test_once(self, path: Path) -> None:
        """Opening it again upgrades nothing and loses nothing."""
        with closing(upgraded(path)) as state:
            entry = Entry(ref=A, rule="r", region="", name="", state=State.PENDING)
            SqliteJournal(state).record(entry, expected=None)
        with closing(upgraded(path)) as state:
            assert SqliteJournal(state).known(A) == [entry]

    def test_all_or_nothing(self, path: Path) -> None:
        """An upgrade that fails half-way leaves the file to the version that made
        it."""
        before = content(path)

        with pytest.raises(StateUnusable, match="cannot be used"):
            open_state(path, *SCHEMAS, "CREATE TABLE broken (")
        assert content(path) == before


def test_of_a_newer_version(tmp_path: Path) -> None:
    """A file written by a newer version is refused and left as it is."""
    newer = tmp_path / "state.db"
    upgraded(newer).close()
    with closing(sqlite3.connect(newer)) as db:
        db.execute("PRAGMA user_version = 99")
    before = content(newer)

    with pytest.raises(StateUnusable, match="newer version"):
        upgraded(newer)
    assert content(newer) == before


class TestFromFormat2:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """A file of format 2 with something in every table."""
        made = tmp_path / "state.db"
        with closing(sqlite3.connect(made)) as db:
            db.executescript(FORMAT_2.read_text())
        return made

    def test_all_of_it_stays(self, path: Path) -> None:
        """Queue, entries, decisions, deeds, gaps and plans are taken over."""
        with closing(upgraded(path)) as state:
            queue, journal = SqliteQueue(state), SqliteJournal(state)
            assert queue.pending(A) == "VAULT_SEALED"
            assert queue.backlog().parked == {"VALUE_EMPTY": 1}
            in_sync, conflict = journal.entries()
            assert (in_sync.version_id, in_sync.lag) == ("v6-a", 0.2)
            assert (conflict.decision, conflict.decided_by) == ("adopt", "oncall")
            assert journal.versions_made(A, "r", 0.0) == [90.0]
            assert journal.deletions("r", 0.0).made == 1
            assert [deed.what for deed in journal.deeds(before=None, limit=9)] == [
                "adopt"
            ]
            assert [gap.reason for gap in journal.gaps()] == ["end_of_stream"]
            plans = SqlitePlans(state, lambda: 92.0)
            assert plans.find("7f3a9c41d2e0") == '{"changes": []}'

    def test_it_takes_pauses(self, path: Path) -> None:
        """Which the version before did not know."""
        pause = Pause(rule=None, reason="r", by="oncall", since=1.0, until=2.0)
        with closing(upgraded(path)) as state:
            SqlitePauses(state).keep(pause)
            assert SqlitePauses(state).all() == [pause]

    def test_the_version_before_would_not_open_it(self, path: Path) -> None:
        """It would know of no pause, and write."""
        upgraded(path).close()

        assert content(path)[0] == "format 3"

    def test_it_is_like_a_new_one(self, path: Path, tmp_path: Path) -> None:
        """After the upgrade nothing tells the file from one that was begun today."""
        upgraded(path).close()
        fresh = tmp_path / "fresh.db"
        open_state(fresh, *SCHEMAS).close()

        assert shape(path) == shape(fresh)
