"""Which file comes after which, when an audit file is rotated. Pure.

What rotates a file renames it, to its own name and an ending, and Vault goes on in a
new file of the old name as soon as it is told to. Until something stands in the new
file, Vault may still be writing to the renamed one; once something does, all others
are complete, and were finished in the order of their last changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

_SEPARATORS = (".", "-", "_")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".Z", ".zip")
_MOST_DIGITS_OF_A_COUNTER = 4  # more are a date
_FIRST = -(10**_MOST_DIGITS_OF_A_COUNTER)


class Found(NamedTuple):
    """A file as a listing shows it. ``modified`` is in nanoseconds."""

    name: str
    inode: int
    size: int
    modified: int


def is_of_family(name: str, live: str) -> bool:
    """Whether ``name`` is the file ``live``, or was that before it was rotated.

    What was compressed is not: it cannot be read from the middle.
    """
    if name == live:
        return True
    ending = name.removeprefix(live)
    return (
        name.startswith(live)
        and ending.startswith(_SEPARATORS)
        and not name.endswith(_COMPRESSED)
    )


def successor(drained: Found, family: Iterable[Found], live: str) -> Found | None:
    """The file to read after ``drained``, of which nothing is left unread.

    None: Vault may still write to it. ``drained`` need not be in the directory any
    more; its name is empty then.
    """
    others = [one for one in family if one.inode != drained.inode and one.size > 0]
    newest = next((one for one in others if one.name == live), None)
    if newest is None:
        return None
    after = [one for one in others if _age(one, live) > _age(drained, live)]
    # None after it, but another one alive: the clock was set back.
    return min(after, key=lambda one: _age(one, live), default=newest)


def find(inode: int, family: Sequence[Found], live: str) -> Found | None:
    """The file with this inode; the live name before any other of it."""
    same = [one for one in family if one.inode == inode]
    return max(same, key=lambda one: one.name == live, default=None)


def _age(one: Found, live: str) -> tuple[int, bool, int, str]:
    """Sorts the oldest first; the name decides when the times are the same.

    Of ``.1`` and ``.2`` the second is older, of two dates the first.
    """
    ending = one.name.removeprefix(live)
    number = ending[1:]
    if not one.name:
        order = _FIRST
    elif number.isdecimal() and len(number) <= _MOST_DIGITS_OF_A_COUNTER:
        order = -int(number)
    else:
        order = 0
    return one.modified, one.name == live, order, ending
