"""A plan that somebody has seen is found again for a day, by id or its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from receiver.adapters import plans_sqlite
from receiver.adapters.plans_sqlite import SqlitePlans
from receiver.adapters.state_file import StateFile, open_state
from receiver.ports import JournalUnavailable
from tests.fakes import Clock

ID = "7f3a9c12d4"
DAY = 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateFile]:
    with closing(open_state(tmp_path / "state.db", plans_sqlite.SCHEMA)) as opened:
        yield opened


@pytest.fixture
def plans(state: StateFile, clock: Clock) -> SqlitePlans:
    return SqlitePlans(state, clock.now)


def test_comes_back(plans: SqlitePlans) -> None:
    """The document is given back as it was kept."""
    plans.keep(ID, '{"changes": ["ä"]}')

    assert plans.find(ID) == '{"changes": ["ä"]}'


def test_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    """It is in the file, and the next process finds it."""
    path = tmp_path / "another.db"
    with closing(open_state(path, plans_sqlite.SCHEMA)) as state:
        SqlitePlans(state, clock.now).keep(ID, "{}")

    with closing(open_state(path, plans_sqlite.SCHEMA)) as state:
        assert SqlitePlans(state, clock.now).find(ID) == "{}"


def test_kept_again(plans: SqlitePlans, clock: Clock) -> None:
    """An id that is kept again has the newer document, and its day begins anew."""
    plans.keep(ID, "old")
    clock.advance(DAY - 10)
    plans.keep(ID, "new")
    clock.advance(20)

    assert plans.find(ID) == "new"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("7f3a9c", "one"),
        ("7f3a9c12d", "one"),
        ("7f3a9", None),
        ("", None),
        ("7f3a9c12d4e", None),
        ("7F3A9C", None),
        ("7f3a9_", None),
        ("%%%%%%", None),
        ("f3a9c12d4", None),
    ],
)
def test_by_its_beginning(plans: SqlitePlans, asked: str, found: str | None) -> None:
    """Six characters or more of the beginning are enough, taken literally."""
    plans.keep(ID, "one")
    plans.keep("another-id", "two")

    assert plans.find(asked) == found


def test_not_by_a_beginning_of_two(plans: SqlitePlans) -> None:
    """A beginning that two plans share finds neither; an exact id always finds its
    own, also when it is short or the beginning of another."""
    plans.keep("7f3a9c12", "one")
    plans.keep("7f3a9c13", "two")
    plans.keep("7f3a9c1", "three")
    plans.keep("7f", "four")

    assert plans.find("7f3a9c") is None
    assert plans.find("7f3a9c1") == "three"
    assert plans.find("7f3a9c12") == "one"
    assert plans.find("7f") == "four"


def test_gone_after_a_day(plans: SqlitePlans, clock: Clock) -> None:
    """Nobody's word on a plan holds longer, whether or not a newer one was kept."""
    plans.keep(ID, "{}")
    clock.advance(DAY - 10)
    assert plans.find(ID) == "{}"
    clock.advance(20)

    assert plans.find(ID) is None


def test_an_old_one_is_not_in_the_way(plans: SqlitePlans, clock: Clock) -> None:
    """A beginning that was shared with a plan of yesterday is unique."""
    plans.keep("7f3a9c12", "old")
    clock.advance(DAY + 1)
    plans.keep("7f3a9c13", "new")

    assert plans.find("7f3a9c") == "new"


def test_forgotten_after_a_day(
    plans: SqlitePlans, state: StateFile, clock: Clock
) -> None:
    """The next plan that is kept takes those of yesterday out of the file."""
    plans.keep(ID, "{}")
    clock.advance(DAY + 1)
    plans.keep("another-id", "{}")

    with state.reading(or_raise=AssertionError) as db:
        assert [row["id"] for row in db.execute("SELECT id FROM plan")] == [
            "another-id"
        ]


def test_a_file_that_cannot_be_used(plans: SqlitePlans, state: StateFile) -> None:
    """What cannot be read or written is said so, not taken for absent."""
    with state.repeatable(or_raise=AssertionError) as db:
        db.execute("DROP TABLE plan")

    with pytest.raises(JournalUnavailable):
        plans.find(ID)
    with pytest.raises(JournalUnavailable):
        plans.keep(ID, "{}")
