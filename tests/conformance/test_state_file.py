"""The state file belongs to one process, to one user, and is never thrown away."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from receiver.adapters import journal_sql, queue_sql
from receiver.adapters.journal_sqlite import SqliteJournal
from receiver.adapters.queue_sqlite import SqliteQueue
from receiver.adapters.state_file import (
    StateFile,
    StateInUse,
    open_state,
)
from receiver.adapters.state_format import StateUnusable
from receiver.core.state import Hint, Lane, SecretRef
from receiver.ports import QueueUnavailable

SPOIL = "UPDATE work SET path = CAST(x'fffeff' AS TEXT)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lib" / "replicator" / "state.db"


def open_it(path: Path) -> StateFile:
    return open_state(path, queue_sql.SCHEMA, journal_sql.SCHEMA)


class TestAlone:
    def test_a_second_owner_is_refused(self, path: Path) -> None:
        """A file in use is refused, by name."""
        with closing(open_it(path)):
            with pytest.raises(StateInUse, match=r"state\.db is in use") as caught:
                open_it(path)
            assert caught.value.path == path

    def test_free_after_close(self, path: Path) -> None:
        """Closing gives up the ownership."""
        open_it(path).close()
        open_it(path).close()

    def test_private(self, path: Path) -> None:
        """Directories that were missing are 0700, and all files 0600."""
        with closing(open_it(path)) as state:
            SqliteQueue(state).add([Hint(ref=SecretRef("", "kv", "a"))])
            files = list(path.parent.iterdir())
            modes = {file.name: file.stat().st_mode & 0o777 for file in files}

        assert modes == dict.fromkeys(
            ["state.db", "state.db-wal", "state.db-shm", "state.db.lock"], 0o600
        )
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert path.parent.parent.stat().st_mode & 0o777 == 0o700


class TestUnreadable:
    @pytest.mark.parametrize("damage", ["no database", "damaged"])
    def test_set_aside(self, path: Path, damage: str) -> None:
        """A file that SQLite cannot read is kept under another name; the journal of
        the fresh one begins with a gap, so that everything is compared."""
        with closing(open_it(path)) as state:
            hints = [Hint(ref=SecretRef("", "kv", f"s{n}")) for n in range(500)]
            SqliteQueue(state).add(hints)
        content = bytearray(path.read_bytes())
        start = 0 if damage == "no database" else 4096
        content[start : start + 8192] = b"x" * 8192
        path.write_bytes(content)

        with closing(open_it(path)) as state:
            assert state.set_aside == path.with_name("state.db.corrupt-1")
            assert state.set_aside.read_bytes() == bytes(content)
            assert SqliteQueue(state).backlog().pending == 0
            gaps = SqliteJournal(state).gaps()
            assert [(gap.mounts, gap.reason) for gap in gaps] == [
                (("**",), "state_corrupt")
            ]

    def test_a_row_that_cannot_be_read(self, path: Path) -> None:
        """SQLite finds nothing wrong with a text that is no UTF-8, and whoever took
        such a row would be stopped by it at each start."""
        with closing(open_it(path)) as state:
            SqliteQueue(state).add([Hint(ref=SecretRef("", "kv", "a"))])
            with state.repeatable(or_raise=ValueError) as db:
                db.execute(SPOIL)

        with closing(open_it(path)) as state:
            assert state.set_aside is not None
            assert SqliteQueue(state).backlog().pending == 0

    def test_damage_that_shows_while_it_is_open(self, path: Path) -> None:
        """Whoever looks after the process is told, and the next start sets the file
        aside, whatever a check says of it then; the start after that does not."""
        told: list[bool] = []
        with closing(open_it(path)) as state:
            state.on_damage = lambda: told.append(state.is_damaged)
            queue = SqliteQueue(state)
            queue.add([Hint(ref=SecretRef("", "kv", "a"))])
            with state.repeatable(or_raise=ValueError) as db:
                db.execute(SPOIL)
            with pytest.raises(QueueUnavailable, match="cannot be used: Operational"):
                queue.take([Lane.EVENT], lease=60, timeout=0)
            with state.repeatable(or_raise=ValueError) as db:
                db.execute("DELETE FROM work")
        assert told == [True]

        with closing(open_it(path)) as state:
            assert state.set_aside == path.with_name("state.db.corrupt-1")
        with closing(open_it(path)) as state:
            assert state.set_aside is None

    def test_a_full_disk_is_no_damage(self, path: Path) -> None:
        """It passes, and what is in the file is good."""
        with closing(open_it(path)) as state:
            queue = SqliteQueue(state)
            with state.glance(or_raise=ValueError) as db:
                db.execute("PRAGMA max_page_count = 1")
            hints = [Hint(ref=SecretRef("", "kv", f"s{n}")) for n in range(500)]
            with pytest.raises(QueueUnavailable, match="SQLITE_FULL"):
                queue.add(hints)
            assert not state.is_damaged

        with closing(open_it(path)) as state:
            assert state.set_aside is None

    def test_a_directory_in_its_place(self, path: Path) -> None:
        """What cannot be opened is named, with the system's reason."""
        path.mkdir(parents=True)

        with pytest.raises(StateUnusable, match=r"state\.db cannot be used: Is a dir"):
            open_it(path)
