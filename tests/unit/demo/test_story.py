"""What the demo says about what it saw."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from receiver.demo.arrival import shows_deletion, shows_version
from receiver.demo.emulator import Held
from receiver.demo.openbao import audit_stanzas
from receiver.demo.script import STEPS
from receiver.demo.story import percentile, verdict


def held(current: str | None, *, deleted: bool = False) -> Held:
    date = datetime(2026, 1, 1, tzinfo=UTC) if deleted else None
    return Held(name="x", arn="arn", current=current, deleted=date, changed=None)


def test_the_script_has_the_twelve_changes_that_the_verdict_counts() -> None:
    """The last line promises twelve of twelve."""
    assert len(STEPS) == 12


def test_a_perfect_story_ends_with_its_lags() -> None:
    """All arrived, nothing else did: exit code 0."""
    lags = [0.010, 0.020, 0.030, 0.1234]

    lines, code = verdict(lags, missing=[], leaked=[])

    assert lines == ["demo: 4/4 changes arrived, lag p50 20 ms, p99 123 ms"]
    assert code == 0


def test_what_is_missing_is_named() -> None:
    """One change short: exit code 1."""
    lines, code = verdict([0.01], missing=["put of a/b: nothing there"], leaked=[])

    assert lines == ["put of a/b: nothing there", "demo: 1/2 changes arrived"]
    assert code == 1


def test_what_should_not_be_there_is_named() -> None:
    """Everything arrived, and something too much: exit code 1."""
    lines, code = verdict([0.01], missing=[], leaked=["tmp/x is in AWS"])

    assert lines == ["tmp/x is in AWS", "demo: 1/1 changes arrived, one too many"]
    assert code == 1


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.51, 3), (0.99, 4)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    """The nearest rank, without interpolation."""
    assert percentile([4, 1, 3, 2], share) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, False),
        (held(None), False),
        (held("v7-abc"), True),
        (held("v7-abc", deleted=True), False),
        (held("v70-abc"), False),
        (held("7f3a"), False),
    ],
)
def test_an_arrival_is_the_version_itself(seen: Held | None, expected: bool) -> None:
    """Another version, no version or a deleted one is no arrival."""
    assert shows_version(7)(seen) is expected


def test_an_old_version_of_the_same_number_is_no_arrival() -> None:
    """Version 1 of a secret's second life is not that of its first."""
    seen = shows_version(1, other_than="v1-old")

    assert not seen(held("v1-old"))
    assert seen(held("v1-new"))


def test_a_deletion_is_a_secret_with_a_date() -> None:
    """A secret that is simply not there was not scheduled."""
    assert shows_deletion(held("v1-a", deleted=True))
    assert not shows_deletion(held("v1-a"))
    assert not shows_deletion(None)


def test_the_file_device_comes_before_the_sockets() -> None:
    """No request ever depends on a forwarder."""
    text = audit_stanzas(Path("/t/audit.log"), ["/t/a.sock", "127.0.0.1:9090"])

    kinds = [line.split('"')[1] for line in text.splitlines() if "audit " in line]
    assert kinds == ["file", "socket", "socket"]
    assert text.count('write_timeout = "1s"') == 2
    assert 'socket_type = "unix"' in text
    assert 'socket_type = "tcp"' in text
