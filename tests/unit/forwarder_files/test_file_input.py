"""From lines to hints, and how far those are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from tests.unit.forwarder_files.vault_log import VaultLog
from tests.unit.forwarder_reading.entries import entry, put
from vault_audit_forwarder import wire
from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.file_input import FileInput
from vault_audit_forwarder.interpreter import ANSWER_WITHIN
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.tail import Tail


class Reading:
    """A file input, what it has found so far, and its last mark."""

    def __init__(self, path: Path, known: Checkpoint | None) -> None:
        self.stats = ReaderStats()
        self.found: list[str] = []
        self.mark: Checkpoint | None = None
        self._input = FileInput(Tail(path, known), self.stats, mounts=["secret"])

    def read(self, now: float = 0.0) -> list[str]:
        """Until nothing is left: ids, and reasons of gaps in brackets."""
        found: list[str] = []
        idle = False
        while not idle:
            hints, self.mark, idle = self._input.read(now)
            for hint in hints:
                gap = isinstance(hint.data, wire.Gap)
                found.append(f"<{hint.data.reason}>" if gap else hint.id)  # type: ignore[union-attr]  # a gap
        self.found += found
        return found

    def finish(self) -> list[str]:
        hints, self.mark, _ = self._input.finish()
        return [hint.id for hint in hints]

    def close(self) -> None:
        self._input.close()


@pytest.fixture
def reading(vault: VaultLog) -> Iterator[Reading]:
    """Begun at the end of a file with one line."""
    vault.write(entry(operation="read"))
    with closing(Reading(vault.path, None)) as begun:
        assert begun.read() == ["<new_file>"]
        yield begun


def again(reading: Reading, vault: VaultLog) -> list[str]:
    """What a process that starts from the last mark finds."""
    with closing(Reading(vault.path, reading.mark)) as second:
        return second.read()


def test_a_write_becomes_a_hint_and_is_counted(
    reading: Reading, vault: VaultLog
) -> None:
    """As from a socket: reads, refusals and unwanted mounts show only that we hear."""
    vault.write(put(id="one"), entry(operation="read"), entry(error="denied"))
    vault.write(put(id="other", mount_point="other/", path="other/data/a"))

    assert reading.read() == ["one"]
    assert reading.stats.entries == 4
    assert reading.stats.events[wire.CHANGED] == 1
    assert reading.stats.last_entry_time() == "2026-11-23T16:21:07.139702207Z"


def test_what_is_complete_is_not_read_again(reading: Reading, vault: VaultLog) -> None:
    """The mark is after the last line."""
    vault.write(entry(type="request", id="one"), put(id="one"), put(id="two"))
    reading.read()

    assert again(reading, vault) == []


def test_the_mark_waits_for_the_response(reading: Reading, vault: VaultLog) -> None:
    """Killed before it comes, we still know that the write was tried."""
    vault.write(put(id="before"))
    reading.read(now=1.0)
    vault.write(entry(type="request", id="asked"))
    reading.read(now=2.0)
    vault.write(put(id="after"))
    reading.read(now=3.0)

    with closing(Reading(vault.path, reading.mark)) as second:
        assert second.read(now=100.0) == ["after"]
        assert second.read(now=100.0 + ANSWER_WITHIN) == ["asked"]
    vault.write(put(id="asked"))
    assert reading.read(now=4.0) == ["asked"]
    assert again(reading, vault) == []


def test_a_response_that_never_comes_holds_the_mark_up_for_a_while_only(
    reading: Reading, vault: VaultLog
) -> None:
    """Then the request is the hint, and is done with."""
    vault.write(entry(type="request", id="asked"))
    reading.read(now=1.0)

    assert reading.read(now=1.0 + ANSWER_WITHIN) == ["asked"]
    assert again(reading, vault) == []


def test_the_mark_moves_on_in_a_steady_flow(reading: Reading, vault: VaultLog) -> None:
    """Some request is always without its response; only the oldest counts."""
    vault.write(put(id="one"), entry(type="request", id="two"))
    reading.read(now=1.0)
    vault.write(put(id="two"), entry(type="request", id="three"))
    reading.read(now=2.0)
    vault.write(put(id="three"), entry(type="request", id="four"))
    reading.read(now=3.0)

    assert again(reading, vault) == ["three"]


def test_the_mark_stays_in_the_file_of_the_request(
    reading: Reading, vault: VaultLog
) -> None:
    """Also when its response is in the next one."""
    vault.write(put(id="one"), entry(type="request", id="asked"))
    reading.read(now=1.0)
    vault.rotate()
    vault.write(put(id="two"))
    reading.read(now=2.0)
    assert again(reading, vault) == ["one", "two"]
    vault.write(put(id="asked"))
    reading.read(now=3.0)

    assert again(reading, vault) == []


def test_the_end_waits_for_no_response(reading: Reading, vault: VaultLog) -> None:
    """What was asked is a hint; the next start finds the response alone."""
    vault.write(put(id="one"), entry(type="request", id="asked"))
    reading.read()

    assert reading.finish() == ["asked"]
    assert again(reading, vault) == []


def test_an_unreadable_write_is_a_gap(reading: Reading, vault: VaultLog) -> None:
    """Said once in the log, without a word of it."""
    bad = b'{"request":{"operation":"update","path":"canary"'
    vault.write(bad, bad, put(id="next"))
    with structlog.testing.capture_logs() as logged:
        found = reading.read()

    assert found == ["<unreadable_line>", "<unreadable_line>", "next"]
    assert reading.stats.gaps["unreadable_line"] == 2
    assert [line["reason"] for line in logged] == ["unreadable_line"]
    assert "canary" not in repr(logged)


@pytest.mark.parametrize(
    ("line", "fault", "gap"),
    [
        (b'<json:object name="a">canary</json:object>', "jsonx", ["<unreadable_line>"]),
        (put(id="x", auth={"client_token": "canary"}), "log_raw", ["x"]),
    ],
    ids=["jsonx", "log_raw"],
)
def test_a_wrong_device_is_shouted_about_once_a_file(
    reading: Reading, vault: VaultLog, line: bytes, fault: str, gap: list[str]
) -> None:
    """And again when a new file shows that it is still wrong."""
    with structlog.testing.capture_logs() as logged:
        vault.write(line)
        assert reading.read() == gap
        vault.write(line)
        reading.read()
        vault.rotate()
        vault.write(line)
        assert reading.read() == gap

    assert reading.stats.faults[fault] == 2
    assert [one["log_level"] for one in logged].count("error") == 2
    assert "canary" not in repr(logged)


def test_gaps_are_counted_and_say_since_when(reading: Reading, vault: VaultLog) -> None:
    """A file that was emptied: what was read last is where the doubt begins."""
    vault.write(put(id="one"))
    reading.read()
    vault.copy_truncate()

    assert reading.read() == ["<file_truncated>"]
    assert reading.stats.gaps["file_truncated"] == 1
    assert reading.stats.gaps["new_file"] == 1
