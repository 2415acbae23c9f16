"""One audit file through all that happens to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from tests.unit.forwarder_files.vault_log import VaultLog
from vault_audit_forwarder import tail as tail_module
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.rotation import Found
from vault_audit_forwarder.tail import Missing, Tail, Unreadable


class Start(Protocol):
    def __call__(self, known: Checkpoint | None = None, **how: int) -> Tail: ...


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Starts tails of the audit file; closes them all."""
    with ExitStack() as closing_all:

        def started(known: Checkpoint | None = None, **how: int) -> Tail:
            return closing_all.enter_context(closing(Tail(path, known, **how)))

        yield started


class Seen(list[str]):
    """Lines, with gaps as ``<reason>`` between them."""


def drain(tail: Tail) -> Seen:
    """All that can be read now."""
    seen = Seen()
    while True:
        portion = tail.read()
        seen += [f"<{reason}>" for reason in portion.gaps]
        seen += ["<oversized_line>"] * portion.oversized
        seen += [line.decode() for line in portion.lines]
        if portion.idle:
            return seen


def stop(tail: Tail) -> Checkpoint:
    tail.close()
    assert tail.position is not None
    return tail.position


def test_the_first_start_begins_at_the_end(vault: VaultLog, start: Start) -> None:
    """An old file may have gigabytes; a gap has the receiver compare."""
    vault.write(b"old", b"older")
    tail = start()

    assert drain(tail) == ["<new_file>"]
    vault.write(b"one", b"two")
    assert drain(tail) == ["one", "two"]


def test_the_first_start_does_not_cut_a_line(vault: VaultLog, start: Start) -> None:
    """The line that is being written just then is read from its beginning."""
    vault.write(b"old")
    vault.write_part(b"first ")
    tail = start()

    assert drain(tail) == ["<new_file>"]
    vault.write(b"line")
    assert drain(tail) == ["first line"]


def test_a_file_that_appears_later_is_read_from_its_beginning(
    path: Path, start: Start
) -> None:
    """The forwarder starts before the device is enabled, as it should."""
    tail = start()
    with pytest.raises(Missing, match="does not exist"):
        tail.read()

    with closing(VaultLog(path)) as vault:
        vault.write(b"one")
        assert drain(tail) == ["<new_file>", "one"]


def test_a_line_is_read_when_its_newline_has_come(
    vault: VaultLog, start: Start
) -> None:
    """Neither a part of it nor anything twice."""
    tail = start()
    drain(tail)
    vault.write_part(b"fir")
    assert drain(tail) == []
    vault.write(b"st", b"second")

    assert drain(tail) == ["first", "second"]


def test_an_oversized_line_is_a_gap(vault: VaultLog, start: Start) -> None:
    """And the next line is read."""
    tail = start(max_line_bytes=100)
    drain(tail)
    vault.write(b"x" * 1000, b"next")

    assert drain(tail) == ["<oversized_line>", "next"]


def test_a_restart_goes_on_where_reading_stopped(vault: VaultLog, start: Start) -> None:
    """What happened meanwhile is read, no gap is needed."""
    first = start()
    drain(first)
    vault.write(b"one")
    vault.write_part(b"tw")
    assert drain(first) == ["one"]
    known = stop(first)
    vault.write(b"o", b"three")

    assert drain(start(known)) == ["two", "three"]


def test_a_renamed_file_is_read_to_its_end(vault: VaultLog, start: Start) -> None:
    """Vault goes on writing to it until it is told to open the new one."""
    tail = start()
    drain(tail)
    vault.write(b"before")
    vault.rename()
    vault.write(b"renamed")
    assert drain(tail) == ["before", "renamed"]
    vault.path.touch()
    vault.write(b"created")
    assert drain(tail) == ["created"]
    vault.write(b"last")
    vault.reopen()
    vault.write(b"new")

    assert drain(tail) == ["last", "new"]


def test_the_last_lines_are_read_however_late_they_come(
    vault: VaultLog, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vault writes them and goes on elsewhere just after we had seen the end."""
    tail = start()
    drain(tail)
    vault.rename()
    list_files = tail_module.read_family

    def meanwhile(path: Path) -> list[Found]:
        monkeypatch.undo()
        vault.write(b"last")
        vault.reopen()
        vault.write(b"new")
        return list_files(path)

    monkeypatch.setattr(tail_module, "read_family", meanwhile)

    assert drain(tail) == ["last", "new"]


def test_rotations_while_we_were_busy_leave_nothing_out(
    vault: VaultLog, start: Start
) -> None:
    """All of them are read, the oldest first."""
    tail = start()
    drain(tail)
    for number in range(5):
        vault.write(f"{number}a".encode(), f"{number}b".encode())
        vault.rotate()
    vault.write(b"now")

    expected = [f"{number}{half}" for number in range(5) for half in "ab"]
    assert drain(tail) == [*expected, "now"]


def test_rotations_while_we_were_down_leave_nothing_out(
    vault: VaultLog, start: Start
) -> None:
    """The file we read is found under its new name."""
    first = start()
    drain(first)
    vault.write(b"one")
    drain(first)
    known = stop(first)
    vault.write(b"two")
    vault.rotate()
    vault.write(b"three")
    vault.rotate()
    vault.write(b"four")

    assert drain(start(known)) == ["two", "three", "four"]


def test_a_torn_last_line_is_a_gap(vault: VaultLog, start: Start) -> None:
    """A full disk can cut the last line of a file, and nobody completes it."""
    tail = start()
    drain(tail)
    vault.write_part(b"tor")
    vault.rotate()
    vault.write(b"whole")

    assert drain(tail) == ["<torn_line>", "whole"]


def test_a_file_that_is_gone_is_a_gap(vault: VaultLog, start: Start) -> None:
    """Compressed or deleted while we were down; the file alive is all newer."""
    first = start()
    vault.write(b"old")
    drain(first)
    known = stop(first)
    vault.write(b"lost")
    vault.rotate()
    gone = vault.path.with_name("audit.log.1")
    gone.rename(gone.with_name("audit.log.1.gz"))
    vault.write(b"one")

    assert drain(start(known)) == ["<file_lost>", "one"]


def test_a_deleted_file_is_read_while_it_is_open(vault: VaultLog, start: Start) -> None:
    """Its lines stay ours until its successor has some."""
    tail = start()
    drain(tail)
    vault.path.unlink()
    vault.write(b"one")
    assert drain(tail) == ["one"]
    vault.write(b"two")
    vault.reopen()
    vault.write(b"three")

    assert drain(tail) == ["two", "three"]


def test_an_emptied_file_is_read_from_its_beginning(
    vault: VaultLog, start: Start
) -> None:
    """With a gap: what came between the copy and the cut is lost."""
    tail = start()
    drain(tail)
    vault.write(b"one")
    assert drain(tail) == ["one"]
    vault.copy_truncate()
    assert drain(tail) == ["<file_truncated>"]
    vault.write(b"two")

    assert drain(tail) == ["two"]


def test_an_emptied_file_that_has_grown_again_is_noticed(
    vault: VaultLog, start: Start
) -> None:
    """Its size tells nothing, its first bytes do; no half line is read."""
    tail = start()
    drain(tail)
    vault.write(b"short")
    assert drain(tail) == ["short"]
    vault.copy_truncate()
    vault.write(b"a much longer line", b"and another")

    assert drain(tail) == ["<file_truncated>", "a much longer line", "and another"]


def test_a_file_that_was_cut_in_the_middle_is_read_again(
    vault: VaultLog, start: Start
) -> None:
    """Its first bytes are the same, but what follows is not what we read."""
    tail = start()
    drain(tail)
    lines = [str(number) * 100 for number in range(30)]
    vault.write(*(line.encode() for line in lines))
    assert drain(tail) == lines
    os.truncate(vault.path, 1500)

    assert drain(tail)[0] == "<file_truncated>"


def test_a_file_of_which_nothing_was_read_is_a_gap(
    vault: VaultLog, start: Start
) -> None:
    """While we were down it may have been filled and emptied: nothing would tell."""
    first = start()
    drain(first)
    known = stop(first)
    vault.write(b"lost")
    vault.copy_truncate()
    vault.write(b"one")

    assert drain(start(known)) == ["<new_file>", "one"]


@pytest.mark.parametrize("after", [(), (b"new",), (b"a much longer line",)])
def test_a_file_emptied_while_we_were_down_is_noticed(
    vault: VaultLog, start: Start, after: tuple[bytes, ...]
) -> None:
    """However much it has grown since."""
    first = start()
    vault.write(b"old")
    drain(first)
    vault.write(b"read")
    drain(first)
    known = stop(first)
    vault.copy_truncate()
    vault.write(*after)

    assert drain(start(known)) == [
        "<file_truncated>",
        *(line.decode() for line in after),
    ]


def test_the_copy_of_an_emptied_file_is_not_its_successor(
    vault: VaultLog, start: Start
) -> None:
    """The file alive is still the one we read."""
    tail = start()
    drain(tail)
    vault.write(b"one")
    drain(tail)
    vault.copy_truncate()
    drain(tail)
    vault.write(b"two")

    assert drain(tail) == ["two"]


def test_what_may_not_be_read_is_said_and_tried_again(
    vault: VaultLog, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as it may, from the right place."""
    first = start()
    vault.write(b"old")
    drain(first)
    known = stop(first)
    vault.write(b"one")
    tail = start(known)
    with monkeypatch.context() as patch:
        # The tests may run as root, to whom everything is permitted.
        patch.setattr(os, "open", refuse)
        with pytest.raises(Unreadable, match=r"cannot be read \(Permission denied\)"):
            tail.read()

    assert drain(tail) == ["one"]


def refuse(path: Path, flags: int) -> int:
    raise PermissionError(13, "Permission denied", os.fspath(path))


def test_only_a_regular_file_is_read(path: Path, start: Start) -> None:
    """A pipe has no end to wait at, and opening it must not hang."""
    os.mkfifo(path)

    with pytest.raises(Unreadable, match="it is no regular file"):
        start().read()


def test_a_file_handle_that_went_stale_is_opened_anew(
    vault: VaultLog, start: Start
) -> None:
    """A file server that restarts forgets who had what open."""
    tail = start()
    drain(tail)
    vault.write(b"one")
    drain(tail)
    assert tail._file is not None
    broken = os.open(vault.path.parent, os.O_RDONLY)  # reading it fails
    os.dup2(broken, tail._file._descriptor)
    os.close(broken)
    vault.write(b"two")
    with pytest.raises(Unreadable):
        tail.read()

    assert drain(tail) == ["two"]
