"""Which file comes after which."""

from __future__ import annotations

import pytest

from vault_audit_forwarder.rotation import Found, find, is_of_family, successor

LIVE = "audit.log"


def file(name: str, modified: int, *, inode: int | None = None, size: int = 1) -> Found:
    return Found(name, modified if inode is None else inode, size, modified)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("audit.log", True),
        ("audit.log.1", True),
        ("audit.log-20261123", True),
        ("audit.log_old", True),
        ("audit.log.2.gz", False),
        ("audit.log-20261123.zst", False),
        ("audit.log2", False),
        ("audit.logs.1", False),
        ("other.log", False),
        ("audit", False),
    ],
)
def test_siblings_bear_the_name_and_an_ending(name: str, expected: bool) -> None:
    """Another log beside it is none, and neither is what was compressed."""
    assert is_of_family(name, LIVE) is expected


def test_the_file_alive_has_no_successor() -> None:
    """Vault writes to it."""
    family = [file(LIVE, 9), file("audit.log.1", 5)]

    assert successor(family[0], family, LIVE) is None


@pytest.mark.parametrize(
    "family",
    [
        [file("audit.log.1", 5), file("audit.log.2", 3)],
        [file("audit.log.1", 5), file("audit.log.2", 3), file(LIVE, 9, size=0)],
    ],
    ids=["nothing alive", "nothing written yet"],
)
def test_until_vault_has_written_elsewhere_it_may_write_here(
    family: list[Found],
) -> None:
    """A renamed file gets more lines until Vault opens the new one."""
    assert successor(family[0], family, LIVE) is None
    assert successor(family[1], family, LIVE) is None


def test_files_follow_in_the_order_of_their_last_changes() -> None:
    """Several rotations since: none is left out, the one alive is the last."""
    family = [file(LIVE, 9), file("audit.log.3", 2), file("audit.log.1", 7)]
    family += [file("audit.log.2", 4), file("audit.log.4", 1, size=0)]
    names, here = [], file("audit.log.3", 2)
    while (following := successor(here, family, LIVE)) is not None:
        names.append(following.name)
        here = following

    assert names == ["audit.log.2", "audit.log.1", LIVE]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("audit.log.2", "audit.log.1"),
        ("audit.log.10", "audit.log.9"),
        ("audit.log-20261122", "audit.log-20261123"),
        ("audit.log.1", LIVE),
        ("audit.log-20261122", LIVE),
    ],
)
def test_names_decide_when_the_times_are_the_same(older: str, newer: str) -> None:
    """A clock ticks every few milliseconds."""
    family = [file(older, 5, inode=1), file(newer, 5, inode=2)]
    if newer != LIVE:
        family.append(file(LIVE, 9))

    assert successor(family[0], family, LIVE) == family[1]


def test_a_file_without_a_name_is_followed_by_what_changed_since() -> None:
    """It was deleted or compressed while we read it; better twice than not."""
    family = [file(LIVE, 9), file("audit.log.1", 5, inode=1), file("audit.log.2", 3)]

    assert successor(file("", 5, inode=7), family, LIVE) == family[1]


def test_a_clock_that_was_set_back_does_not_stop_us() -> None:
    """The file alive seems to be the oldest; it follows all the same."""
    family = [file(LIVE, 2), file("audit.log.1", 9)]

    assert successor(family[1], family, LIVE) == family[0]


def test_a_file_is_found_by_its_inode() -> None:
    """Whatever it is called now; of two names, the one alive."""
    family = [file("audit.log.1", 5, inode=1), file(LIVE, 5, inode=1)]
    family.append(file("audit.log.2", 3, inode=2))

    assert find(2, family, LIVE) == family[2]
    assert find(1, family, LIVE) == family[1]
    assert find(3, family, LIVE) is None
