"""The splitter: whole lines out of pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault_audit_forwarder.lines import LineSplitter, Split


def feed(splitter: LineSplitter, pieces: list[bytes]) -> Split:
    splits = [splitter.feed(piece) for piece in pieces]
    lines = [line for split in splits for line in split.lines]
    return Split(lines, sum(split.oversized for split in splits))


@given(st.lists(st.binary(max_size=40) | st.just(b"\n"), max_size=30))
def test_pieces_do_not_matter(pieces: list[bytes]) -> None:
    """However a stream is cut into pieces, its lines are the same."""
    splitter = LineSplitter()

    lines = feed(splitter, pieces).lines

    *expected, rest = b"".join(pieces).split(b"\n")
    assert lines == expected
    assert splitter.torn == bool(rest)


@given(
    st.lists(st.sampled_from([b"a", b"bb", b"cccc", b"\n", b"dd\nee", b"\n\n"])),
    st.integers(1, 6),
)
def test_the_cap_drops_exactly_the_longer_lines(pieces: list[bytes], cap: int) -> None:
    """Lines over the cap are dropped and counted once each, all others come out."""
    splitter = LineSplitter(cap)

    split = feed(splitter, pieces)

    *lines, rest = b"".join(pieces).split(b"\n")
    assert split.lines == [line for line in lines if len(line) <= cap]
    longer = [line for line in [*lines, rest] if len(line) > cap]
    assert split.oversized == len(longer)


@pytest.mark.parametrize("length", [9, 10])
def test_a_line_of_exactly_the_cap_is_kept(length: int) -> None:
    """The cap is the longest line that is still handed out."""
    splitter = LineSplitter(10)

    assert feed(splitter, [b"x" * length, b"\n"]) == ([b"x" * length], 0)


def test_an_oversized_line_is_reported_before_it_ends() -> None:
    """The report does not wait for a newline that may never come."""
    splitter = LineSplitter(10)

    assert splitter.feed(b"x" * 11) == ([], 1)
    assert splitter.feed(b"x" * 100) == ([], 0)
    assert splitter.torn
    assert splitter.feed(b"end\nnext\n") == ([b"next"], 0)
    assert not splitter.torn


def test_a_large_line_in_small_pieces_comes_out_whole() -> None:
    """A listing of many megabytes arrives in thousands of pieces."""
    line = bytes(range(32, 127)) * 90_000
    pieces = [line[at : at + 4096] for at in range(0, len(line), 4096)]

    assert feed(LineSplitter(), [*pieces, b"\nnext\n"]).lines == [line, b"next"]
