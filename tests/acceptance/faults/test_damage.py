"""A file that is no longer what we wrote: set aside, said, made good, once."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.acceptance.evidence import reports
from tests.acceptance.faults.conftest import Doors, Judge, only_long
from tests.acceptance.faults.load import Load
from tests.acceptance.scene import Scene, metric, wait_until

pytestmark = pytest.mark.timeout(600)


def _overwrite(file: Path, dice: random.Random) -> None:
    content = bytearray(file.read_bytes())
    quarter = len(content) // 4
    content[quarter : 3 * quarter] = dice.randbytes(2 * quarter)
    file.write_bytes(content)


def _truncate(file: Path, dice: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: dice.randrange(5000, len(content) - 1)])


def _replace(file: Path, dice: random.Random) -> None:
    file.write_bytes(dice.randbytes(20_000))


def _spoil_rows(file: Path, dice: random.Random) -> None:
    """The database is whole, only what is written in it is not; no check sees that."""
    content = file.read_bytes()
    assert b"fickle/" in content
    file.write_bytes(content.replace(b"fickle/", b"\xff\xfe\xff\xfe\xff\xfe\xff"))


_SPOOL = [*map(only_long, (_overwrite, _truncate, _replace)), _spoil_rows]
_STATE = [*map(only_long, (_overwrite, _replace, _spoil_rows)), _truncate]
Damage: TypeAlias = Callable[[Path, random.Random], None]


def _whole(file: Path) -> None:
    """Copy the log into the file, so that all of it is there to be damaged."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("damage", _SPOOL, ids=lambda each: each.__name__[1:])
def test_a_damaged_spool_is_made_good_by_a_comparison(
    gated: Scene, doors: Doors, seed: int, judge: Judge, damage: Damage
) -> None:
    """Killed with events in the spool, which cannot be read afterwards."""
    load = Load(gated, seed=seed, per_second=50.0)
    spool = gated.installation.directory / "forwarder-1-spool" / "spool.db"
    _forget_former(spool)
    with load.running():
        doors.receiver.shut()
        wait_until(lambda: load.done > 60, "some load")
        gated.forwarder.child.kill()
        _whole(spool)
        damage(spool, random.Random(seed))
        gated.forwarder.start()
        doors.receiver.open()

    judge(load).all_is_well()
    gaps = metric(gated.forwarder, "vault_audit_forwarder_gaps_total") or 0
    assert gaps > 0
    gated.forwarder.child.kill()
    gated.forwarder.start()
    assert len(_set_aside(spool)) == 1


@pytest.mark.parametrize("damage", _STATE, ids=lambda each: each.__name__[1:])
def test_a_damaged_state_is_made_good_by_a_comparison(
    gated: Scene, doors: Doors, seed: int, judge: Judge, damage: Damage
) -> None:
    """Killed with work in the queue. What cannot be read is proven anew from AWS, and
    nothing is written again that is there."""
    load = Load(gated, seed=seed, per_second=50.0)
    state = gated.installation.state
    _forget_former(state)
    with load.running():
        doors.aws.shut()
        wait_until(lambda: load.done > 60, "some load")
        gated.receiver.child.kill()
        _whole(state)
        damage(state, random.Random(seed))
        doors.aws.open()
        gated.receiver.start()

    judge(load, seals_are_lost=True).all_is_well()
    assert reports(gated, "the state was unreadable", state.name)
    gated.receiver.child.kill()
    gated.receiver.start()
    assert len(_set_aside(state)) == 1


def test_damage_that_shows_at_work_ends_the_receiver(
    gated: Scene, doors: Doors, seed: int, judge: Judge
) -> None:
    """With exit code 1, so that whoever supervises it starts it again; that is all it
    takes."""
    load = Load(gated, seed=seed, per_second=50.0)
    state = gated.installation.state
    _forget_former(state)
    with load.running():
        doors.aws.shut()
        wait_until(lambda: gated.status()["pending"] > 5, "work in the queue")
        with closing(sqlite3.connect(state)) as db, db:
            db.execute(
                "UPDATE work SET path = CAST(x'fffeff' AS TEXT)"
                " WHERE path = (SELECT min(path) FROM work)"
            )
        assert gated.receiver.child.wait(seconds=60) == 1
        assert "start again" in gated.receiver.child.last_words()
        doors.aws.open()
        gated.receiver.start()

    judge(load, seals_are_lost=True).all_is_well()
    assert reports(gated, "the state was unreadable", state.name)


@pytest.mark.parametrize("whose", [only_long("forwarder"), only_long("receiver")])
def test_a_disk_that_is_lost_is_made_good_by_a_comparison(
    gated: Scene, doors: Doors, seed: int, judge: Judge, whose: str
) -> None:
    """Killed with everything waiting, and all of it gone."""
    load = Load(gated, seed=seed, per_second=50.0)
    directory = gated.installation.directory
    disk = {
        "forwarder": directory / "forwarder-1-spool",
        "receiver": directory / "state",
    }
    door = {"forwarder": doors.receiver, "receiver": doors.aws}[whose]
    program = getattr(gated, whose)
    with load.running():
        door.shut()
        wait_until(lambda: load.done > 60, "some load")
        program.child.kill()
        for file in disk[whose].iterdir():
            file.unlink()
        door.open()
        program.start()

    judge(load, seals_are_lost=True).all_is_well()


def _set_aside(file: Path) -> list[Path]:
    found = file.parent.glob(f"{file.name}.corrupt-*")
    return [one for one in found if not one.name.endswith(("-wal", "-shm"))]


def _forget_former(file: Path) -> None:
    for one in _set_aside(file):
        one.unlink()
