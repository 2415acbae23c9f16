"""Whatever happens in whatever order: every line is found."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.forwarder_files.vault_log import VaultLog
from tests.unit.forwarder_reading.entries import entry, put
from vault_audit_forwarder import wire
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.file_input import Batch, FileInput
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.tail import Missing, Tail

VAULT = ["write", "write", "write_part", "rename", "create", "reopen", "rotate"]
OURS = ["read", "read", "read_all", "restart"]
CRASHES = ["crash", "crash_before_storing"]


class World:
    """A Vault that writes, what rotates its file, and a forwarder with its disk.

    ``gaps`` are pairs of a reason and the number of lines written before it was said.
    """

    def __init__(self, directory: Path) -> None:
        self._vault = VaultLog(directory / "audit.log")
        self._tail: Tail | None = None
        self._stored: Checkpoint | None = None
        self._now = 0.0
        self._part: bytes | None = None
        self.written: list[str] = []
        self.asked: list[str] = []
        self.found: Counter[str] = Counter()
        self.gaps: list[tuple[str, int]] = []
        self._vault.write(entry(operation="read"))
        self.read_all()

    def write(self) -> None:
        self._end_part()
        self.written.append(str(len(self.written)))
        self._vault.write(put(id=self.written[-1]))

    def write_part(self) -> None:
        self._end_part()
        self.written.append(str(len(self.written)))
        line = put(id=self.written[-1])
        self._vault.write_part(line[:300])
        self._part = line[300:]

    def ask(self) -> None:
        """A request whose response never comes."""
        self._end_part()
        self.asked.append(f"asked-{len(self.asked)}")
        self._vault.write(entry(type="request", id=self.asked[-1]))

    def rename(self) -> None:
        if self._vault.path.exists():
            self._vault.rename()

    def create(self) -> None:
        self._vault.path.touch()

    def reopen(self) -> None:
        self._end_part()
        self._vault.reopen()

    def rotate(self) -> None:
        self.rename()
        self.create()
        self.reopen()

    def copy_truncate(self) -> None:
        if not self._vault.path.exists():
            return
        self._end_part()
        if self._tail and self._tail.position and not self._tail.position.offset:
            # A forwarder that runs looks too often to miss a file's whole life.
            self.read_all()
        self._vault.copy_truncate()

    def read(self) -> bool:
        """One portion, stored at once. Whether there is no more."""
        self._now += 1
        try:
            batch = self._running().read(self._now)
        except Missing:
            return True
        self._store(batch)
        return batch.idle

    def read_all(self) -> None:
        while not self.read():
            pass

    def restart(self) -> None:
        self._store(self._running().finish())
        self.crash()

    def crash(self) -> None:
        if self._tail is not None:
            self._tail.close()
        self._tail = None

    def crash_before_storing(self) -> None:
        with suppress(Missing):
            self._running().read(self._now)
        self.crash()

    def end(self) -> None:
        """Vault lives on with a file in its place; all is read."""
        self.create()
        self.reopen()
        self.write()
        self.read_all()
        self.restart()
        self._vault.close()

    def _running(self) -> FileInput:
        if self._tail is None:
            self._tail = Tail(self._vault.path, self._stored)
            self._input = FileInput(self._tail, ReaderStats())
        return self._input

    def _end_part(self) -> None:
        if self._part is not None:
            self._vault.write(self._part)
            self._part = None

    def _store(self, batch: Batch) -> None:
        self._stored = batch.mark
        for hint in batch.hints:
            if isinstance(hint.data, wire.Gap):
                self.gaps.append((hint.data.reason, len(self.written)))
            else:
                self.found[hint.id] += 1


def play(steps: list[str]) -> World:
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory))
        for step in steps:
            getattr(world, step)()
        world.end()
        return world


@given(st.lists(st.sampled_from(VAULT + OURS), max_size=40))
def test_without_a_crash_every_line_is_found_exactly_once(steps: list[str]) -> None:
    """However its file is rotated, and however often we are started again.

    No gap says otherwise, but for a start at a file of which nothing was read.
    """
    world = play(steps)

    assert world.found == Counter(world.written)
    assert {reason for reason, _ in world.gaps} == {"new_file"}


@given(st.lists(st.sampled_from([*VAULT, "ask", *OURS, *CRASHES]), max_size=40))
def test_with_crashes_every_line_is_found_at_least_once(steps: list[str]) -> None:
    """Requests without a response too."""
    world = play(steps)

    assert set(world.found) == {*world.written, *world.asked}
    assert {reason for reason, _ in world.gaps} == {"new_file"}


@given(
    st.lists(st.sampled_from([*VAULT, "copy_truncate", *OURS, *CRASHES]), max_size=40)
)
def test_a_line_that_was_cut_off_is_followed_by_a_gap(steps: list[str]) -> None:
    """A file that is emptied can lose its last lines, never without a word."""
    world = play(steps)

    for line in set(world.written) - set(world.found):
        assert any(after > int(line) for _, after in world.gaps)
