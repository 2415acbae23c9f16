"""The spool: what is on disk, what leaves it, and what happens when it breaks."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from vault_audit_forwarder import spool_schema as sql
from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.spool import Spool, Waiting
from vault_audit_forwarder.spool_file import SpoolError

Opened = Callable[..., Spool]
Made = Callable[..., Hint]


def changes(spool: Spool) -> list[wire.Change]:
    waiting = [event.hint.data for event in spool.peek(1000)]
    return [data for data in waiting if isinstance(data, wire.Change)]


def gaps(spool: Spool) -> list[wire.Gap]:
    waiting = [event.hint.data for event in spool.peek(1000)]
    return [data for data in waiting if isinstance(data, wire.Gap)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where ``open_spool`` puts its spool."""
    return tmp_path / "spool" / "spool.db"


def test_events_survive_the_process(open_spool: Opened, hint: Made) -> None:
    """What was added is there for whoever opens the file next."""
    first = open_spool()
    first.add([hint("data/a", version=3), hint("data/b")])
    first.close()

    assert [one.path for one in changes(open_spool())] == ["data/a", "data/b"]
    assert changes(open_spool())[0].version == 3


def test_the_files_are_private(open_spool: Opened, hint: Made, file: Path) -> None:
    """Paths of secrets are nobody else's business: the write-ahead log included."""
    open_spool().add([hint()])
    modes = {
        one.name: stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()
    }

    assert set(modes) == {"spool.db", "spool.db-wal", "spool.db-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_events_of_one_path_wait_as_one(open_spool: Opened, hint: Made) -> None:
    """In one batch or in several: the newest name, the greatest version time."""
    spool = open_spool()
    late, early = "2026-11-23T10:00:02Z", "2026-11-23T10:00:01Z"
    spool.add([hint(id="1"), hint(id="2", version=2, created_time=late)])
    spool.add([hint(id="3", version=1, created_time=early, operation="update")])

    (event,) = spool.peek(10)
    assert event.hint.id == "3"
    assert event.hint.data == wire.Change(
        mount="kv/", path="data/a", operation="update", version=2, created_time=late
    )
    assert spool.pending().events == 1


def test_delivered_events_leave(open_spool: Opened, hint: Made) -> None:
    """Those that were sent, and no others."""
    spool = open_spool()
    spool.add([hint("data/a"), hint("data/b")])
    spool.delivered(spool.peek(1))

    assert [one.path for one in changes(spool)] == ["data/b"]
    assert spool.pending().events == 1


def test_what_changed_under_way_stays(open_spool: Opened, hint: Made) -> None:
    """The receiver has taken the old event, not the new one."""
    spool = open_spool()
    spool.add([hint(id="1")])
    sent = spool.peek(10)
    spool.add([hint(id="2")])
    spool.delivered(sent)

    assert [event.hint.id for event in spool.peek(10)] == ["2"]
    assert spool.pending().events == 1


def test_a_place_once_used_is_not_used_again(open_spool: Opened, hint: Made) -> None:
    """Else a late receipt could remove the event of another secret."""
    spool = open_spool()
    spool.add([hint("data/a")])
    sent = spool.peek(10)
    spool.delivered(sent)
    spool.add([hint("data/b")])
    spool.delivered(sent)

    assert [one.path for one in changes(spool)] == ["data/b"]


def test_a_restless_secret_keeps_its_place(open_spool: Opened, hint: Made) -> None:
    """Changing again does not send it to the end of the line."""
    spool = open_spool()
    spool.add([hint("data/restless"), hint("data/b")])
    spool.add([hint("data/restless", id="again")])

    assert spool.peek(1)[0].hint.id == "again"


def test_the_oldest_is_timed_from_its_first_event(tmp_path: Path, hint: Made) -> None:
    """Coalescing does not make the wait look shorter."""
    now = [100.0]
    spool = Spool(tmp_path / "s.db", max_events=10, clock=lambda: now[0])
    with closing(spool):
        assert spool.pending() == (0, 0.0)
        spool.add([hint()])
        now[0] = 107.5
        spool.add([hint()])

        assert spool.pending() == (1, 7.5)


def test_a_full_spool_drops_and_remembers_a_gap(
    open_spool: Opened, hint: Made, file: Path
) -> None:
    """The gap is on disk, counted once, and says since when."""
    spool = open_spool(2, mounts=["kv"])
    spool.add([hint("data/a"), hint("data/b"), hint("data/c"), hint("data/d")])
    spool.add([hint("data/e")])

    assert [one.path for one in changes(spool)] == ["data/a", "data/b"]
    expected = wire.Gap(
        mounts=["kv"], reason="spool_full", since="2026-11-23T10:00:00Z"
    )
    assert gaps(spool) == [expected]
    assert spool.gaps["spool_full"] == 1
    spool.close()
    assert gaps(open_spool(2)) == [expected]


def test_a_full_spool_still_takes_what_it_knows_and_gaps(
    open_spool: Opened, hint: Made
) -> None:
    """Neither a known path nor a gap needs room that is not there."""
    spool = open_spool(1)
    spool.add([hint("data/a", id="1")])
    gap = Hint(wire.Gap(reason="connection"), "gap", None)
    spool.add([hint("data/a", id="2"), gap])

    assert [event.hint.id for event in spool.peek(10)] == ["2", "gap"]
    assert spool.gaps["spool_full"] == 0


def test_room_comes_back_with_deliveries(open_spool: Opened, hint: Made) -> None:
    """Full is not for ever."""
    spool = open_spool(1)
    spool.add([hint("data/a")])
    spool.delivered(spool.peek(10))
    spool.add([hint("data/b")])

    assert [one.path for one in changes(spool)] == ["data/b"]


def test_gaps_of_one_reason_wait_as_one(open_spool: Opened) -> None:
    """A torn network does not fill the spool with its complaints."""
    spool = open_spool()
    times = ["2026-11-23T10:00:01Z", "2026-11-23T10:00:00.5Z"]
    for time in times:
        spool.add([Hint(wire.Gap(reason="connection", since=time), "x", time)])

    assert gaps(spool) == [wire.Gap(reason="connection", since=times[1])]


def test_every_kind_of_event_comes_back_as_it_went(open_spool: Opened) -> None:
    """Nothing is lost between memory and disk."""
    hints = [
        Hint(
            wire.Change(
                namespace="team/",
                mount="kv/",
                mount_accessor="kv_1",
                path='data/ä"b',
                operation="create",
                version=2**40,
                created_time="2026-11-23T10:00:00.123456789Z",
                deletion_time="2026-12-23T10:00:00Z",
            ),
            "1",
            "2026-11-23T10:00:00Z",
        ),
        Hint(
            wire.MountChange(namespace="", mount="kv/", operation="update"), "2", None
        ),
        Hint(wire.Gap(reason="torn_line", mounts=["a", "b"]), "3", None),
    ]
    spool = open_spool()
    spool.add(hints)

    assert [event.hint for event in spool.peek(10)] == hints


def test_set_aside_and_replayed(open_spool: Opened, hint: Made) -> None:
    """It leaves the line with its reason, and joins it again on demand."""
    spool = open_spool()
    spool.add([hint("data/a"), hint("data/b")])
    spool.set_aside(spool.peek(1)[0], "422: unreadable")
    assert [one.path for one in changes(spool)] == ["data/b"]
    assert [row[1] for row in spool.select(sql.LIST_SET_ASIDE)] == ["422: unreadable"]

    assert spool.replay() == 1
    assert {one.path for one in changes(spool)} == {"data/a", "data/b"}
    assert spool.select(sql.LIST_SET_ASIDE) == []
    assert spool.pending().events == 2


def test_a_replayed_event_does_not_hide_a_newer_one(
    open_spool: Opened, hint: Made
) -> None:
    """What waits already is the later word on the same secret."""
    spool = open_spool()
    spool.add([hint(id="old", operation="create")])
    spool.set_aside(spool.peek(1)[0], "422")
    spool.add([hint(id="new", operation="delete")])
    spool.replay()

    assert [event.hint.id for event in spool.peek(10)] == ["new"]
    assert changes(spool)[0].operation == "delete"


def test_setting_aside_keeps_a_newer_event(open_spool: Opened, hint: Made) -> None:
    """The receiver has judged the old one only."""
    spool = open_spool()
    spool.add([hint(id="1")])
    (judged,) = spool.peek(1)
    spool.add([hint(id="2")])
    spool.set_aside(judged, "422")

    assert [event.hint.id for event in spool.peek(10)] == ["2"]


def test_two_processes_share_the_file(open_spool: Opened, hint: Made) -> None:
    """What a replay beside us adds is counted."""
    ours, beside = open_spool(2), open_spool(2, repair=False)
    ours.add([hint("data/a")])
    beside.add([hint("data/b")])

    assert ours.pending().events == 2
    ours.add([hint("data/c")])
    assert ours.gaps["spool_full"] == 1


def test_threads_share_the_spool(open_spool: Opened, hint: Made) -> None:
    """One adds while another removes; in the end nothing is left and none is lost."""
    spool = open_spool(10_000)
    seen: set[str] = set()
    added = threading.Event()

    def add() -> None:
        for number in range(300):
            spool.add([hint(f"data/{number}")])
        added.set()

    def remove() -> None:
        while True:
            last = added.is_set()
            batch: list[Waiting] = spool.peek(50)
            spool.delivered(batch)
            seen.update(event.hint.data.path for event in batch)  # type: ignore[union-attr]  # a Change
            if last and not batch:
                return

    threads = [threading.Thread(target=work) for work in (add, remove)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert seen == {f"data/{number}" for number in range(300)}
    assert spool.pending().events == 0


def test_a_file_that_is_no_database_is_moved_away(
    open_spool: Opened, hint: Made, file: Path
) -> None:
    """The forwarder starts, a gap says what is missing, the old file is kept."""
    file.parent.mkdir()
    file.write_bytes(b"this is not a database, but it is long enough to be one" * 100)
    spool = open_spool(mounts=["kv"])

    assert gaps(spool) == [wire.Gap(mounts=["kv"], reason="spool_corrupt")]
    assert spool.gaps["spool_corrupt"] == 1
    (kept,) = file.parent.glob("spool.db.corrupt-*")
    assert kept.read_bytes().startswith(b"this is not")
    spool.add([hint()])
    assert len(changes(spool)) == 1


def test_damage_found_while_running_is_survived(
    open_spool: Opened, hint: Made, file: Path
) -> None:
    """The call that meets it fails, the next one works on a fresh file."""
    before = open_spool()
    before.add([hint(f"data/{number}") for number in range(500)])
    before.close()
    spool = open_spool()
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xaa" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(SpoolError):
        spool.peek(1000)

    assert gaps(spool) == [wire.Gap(reason="spool_corrupt")]
    assert spool.pending().events == 1


@pytest.mark.parametrize(
    "spoil",
    ["data = x'ff'", "type = 'vault.kv.changeD'", "type = CAST(x'ff' AS TEXT)"],
)
def test_a_row_that_nobody_wrote_is_damage_too(
    open_spool: Opened, hint: Made, file: Path, spoil: str
) -> None:
    """SQLite does not check what is in a row; a sender must not stumble for ever."""
    spool = open_spool()
    spool.add([hint()])
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(f"UPDATE waiting SET {spoil}")
    with pytest.raises(SpoolError, match="a row cannot be read"):
        spool.peek(10)

    assert gaps(spool) == [wire.Gap(reason="spool_corrupt")]


def test_only_the_owner_repairs(open_spool: Opened, file: Path) -> None:
    """A command beside a running forwarder must not move its file."""
    file.parent.mkdir()
    file.write_bytes(b"this is not a database, but it is long enough to be one" * 100)
    with pytest.raises(SpoolError, match="SQLITE_NOTADB"):
        open_spool(repair=False)

    assert list(file.parent.glob("*.corrupt-*")) == []


def test_a_newer_file_is_left_alone(open_spool: Opened, file: Path) -> None:
    """After a downgrade the program says so instead of misreading."""
    open_spool().close()
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(SpoolError, match="newer version"):
        open_spool()

    assert list(file.parent.glob("*.corrupt-*")) == []


def test_a_full_disk_takes_nothing_and_breaks_nothing(
    open_spool: Opened, hint: Made
) -> None:
    """The transaction is undone; with room again the same call succeeds."""
    spool = open_spool(10**6)
    spool.add([hint("data/first")])
    ((pages,),) = spool.select("PRAGMA page_count")
    spool.select(f"PRAGMA max_page_count = {pages}")
    many = [hint(f"data/{number}") for number in range(2000)]
    with pytest.raises(SpoolError, match="SQLITE_FULL"):
        spool.add(many)
    assert spool.pending().events == 1

    spool.select("PRAGMA max_page_count = 1000000")
    spool.add(many)
    assert spool.pending().events == 2001


PLACE = Path("/var/log/vault/audit.log")
MARK = Checkpoint(2**64 - 1, 700, 3, b"\x00digest")


def test_how_far_a_file_was_read_is_kept_with_its_events(
    open_spool: Opened, hint: Made
) -> None:
    """In one transaction, for every file its own."""
    first = open_spool()
    assert first.checkpoint(PLACE) is None
    assert first.keep([hint("data/a")], PLACE, MARK) == []
    first.keep([], Path("/other.log"), MARK._replace(offset=1))
    first.keep([hint("data/b")], PLACE, MARK._replace(offset=900))
    first.close()

    again = open_spool()
    assert again.checkpoint(PLACE) == MARK._replace(offset=900)
    assert again.checkpoint(Path("/other.log")) == MARK._replace(offset=1)
    assert len(changes(again)) == 2


def test_who_can_wait_keeps_what_there_is_no_room_for(
    open_spool: Opened, hint: Made
) -> None:
    """It gets it back, without a gap; the place moves when all of it is stored."""
    spool = open_spool(2)
    hints = [hint(f"data/{name}", id=name) for name in "abcde"]
    left = spool.keep(hints, PLACE, MARK)

    assert [one.id for one in left] == ["c", "d", "e"]
    assert spool.checkpoint(PLACE) is None
    assert gaps(spool) == []
    spool.delivered(spool.peek(10))
    left = spool.keep(left, PLACE, MARK)
    assert [one.id for one in left] == ["e"]
    spool.delivered(spool.peek(10))
    assert spool.keep(left, PLACE, MARK) == []
    assert spool.checkpoint(PLACE) == MARK


def test_a_place_is_not_moved_when_its_events_are_not_stored(
    open_spool: Opened, hint: Made
) -> None:
    """A full disk takes neither; both are stored when there is room again."""
    spool = open_spool(10**6)
    spool.add([hint("data/first")])
    ((pages,),) = spool.select("PRAGMA page_count")
    spool.select(f"PRAGMA max_page_count = {pages}")
    many = [hint(f"data/{number}") for number in range(2000)]
    with pytest.raises(SpoolError, match="SQLITE_FULL"):
        spool.keep(many, PLACE, MARK)
    assert spool.checkpoint(PLACE) is None

    spool.select("PRAGMA max_page_count = 1000000")
    assert spool.keep(many, PLACE, MARK) == []
    assert spool.pending().events == 2001


def test_the_same_entry_from_two_inputs_is_one_event(
    open_spool: Opened, hint: Made
) -> None:
    """Also when the first one was delivered before the second came."""
    spool = open_spool()
    spool.add([hint(id="1", version=1)])
    spool.keep([hint(id="1", version=1)], PLACE, MARK)
    assert [event.revision for event in spool.peek(10)] == [1]
    spool.delivered(spool.peek(10))
    spool.keep([hint(id="1", version=1), hint(id="2", version=2)], PLACE, MARK)

    assert [event.hint.id for event in spool.peek(10)] == ["2"]


def test_what_was_undone_has_to_be_told_again(open_spool: Opened, hint: Made) -> None:
    """A place that the database cannot hold undoes the whole transaction."""
    spool = open_spool()
    with pytest.raises(OverflowError):
        spool.keep([hint()], PLACE, MARK._replace(offset=2**64))
    assert spool.pending().events == 0
    spool.keep([hint()], PLACE, MARK)

    assert spool.pending().events == 1


def test_what_was_dropped_may_come_from_another_input(
    open_spool: Opened, hint: Made
) -> None:
    """Only what is on disk counts as told."""
    spool = open_spool(1)
    spool.add([hint("data/a", id="1"), hint("data/b", id="2")])
    spool.delivered(spool.peek(10))
    spool.keep([hint("data/a", id="1"), hint("data/b", id="2")], PLACE, MARK)

    assert [event.hint.id for event in spool.peek(10)] == ["2"]


def test_the_last_failure_is_remembered(open_spool: Opened) -> None:
    """One row, the newest."""
    spool = open_spool(clock=lambda: 5.0)
    spool.remember_failure("401: first")
    spool.remember_failure("503: second")

    assert spool.select(sql.LAST_FAILURE) == [(5.0, "503: second")]
