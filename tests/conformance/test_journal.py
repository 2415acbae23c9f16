"""The promises of a Journal, for every implementation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.state import Entry, SecretRef, State
from receiver.ports import InvalidCursor, Journal

DAY = "2026-11-23"
ALL = {"state": None, "rule": None, "text": None, "after": None, "limit": 100}


def entry(path: str = "a", rule: str = "r", **more: object) -> Entry:
    ref = SecretRef("team", "kv/app", path)
    return Entry(
        **{"ref": ref, "rule": rule, "name": f"kv/{path}", "state": State.IN_SYNC}
        | more
    )


FULL = entry(
    cause="BRAKE",
    arn="arn:aws:secretsmanager:eu-central-1:1:secret:kv/a-x",
    version=3,
    created_time="2026-11-23T10:00:00.123456789Z",
    deletion_time="2026-12-23T10:00:00Z",
    version_id="v3-abc",
    applied_at=1763892000.25,
    checked_at=1763892001.5,
    lag=0.125,
)


class TestEntries:
    def test_every_field_comes_back(self, journal: Journal) -> None:
        """What is recorded is what is read, to the last digit."""
        assert journal.get(FULL.ref, "r") is None
        assert journal.record(FULL, expected=None) is True
        assert journal.get(FULL.ref, "r") == FULL

    def test_a_rule_is_part_of_the_key(self, journal: Journal) -> None:
        """One secret under two rules has two entries."""
        journal.record(entry(rule="one"), expected=None)
        journal.record(entry(rule="two", name="other"), expected=None)

        assert journal.get(entry().ref, "one") == entry(rule="one")
        assert [e.name for e in journal.entries("two")] == ["other"]

    def test_versions_made_are_counted_by_secret_and_rule(
        self, journal: Journal
    ) -> None:
        """Only those that were said to be new, and only the recent ones."""
        first = entry(version=1, created_time="2026-11-23T10:00:00Z", applied_at=100.0)
        other = entry(path="b", applied_at=101.0)
        same = replace(first, applied_at=102.0)
        second = replace(first, version=2, applied_at=103.0)
        assert journal.record(first, expected=None, made_version=True)
        assert journal.record(other, expected=None, made_version=True)
        assert journal.record(same, expected=first)
        assert journal.record(second, expected=same, made_version=True)
        assert not journal.record(second, expected=first, made_version=True)

        assert sorted(journal.versions_made(first.ref, "r", 0.0)) == [100.0, 103.0]
        assert journal.versions_made(first.ref, "r", 100.0) == [103.0]
        assert journal.versions_made(first.ref, "other", 0.0) == []

    def test_forget(self, journal: Journal) -> None:
        """A dropped entry is confirmed absent; dropping it again is no error."""
        journal.record(entry(), expected=None)
        journal.forget(entry().ref, "r")
        journal.forget(entry().ref, "r")

        assert journal.get(entry().ref, "r") is None

    def test_entries_in_order(self, journal: Journal) -> None:
        """All entries of a rule come, ordered by reference, more than one page too."""
        paths = [f"p{number:04}" for number in range(1203)]
        for path in reversed(paths):
            journal.record(entry(path), expected=None)

        assert [e.ref.path for e in journal.entries("r")] == paths

    def test_entries_holds_no_lock(self, journal: Journal) -> None:
        """Whoever walks through the entries can write meanwhile."""
        for path in "abc":
            journal.record(entry(path), expected=None)
        for found in journal.entries("r"):
            assert journal.record(replace(found, state=State.ORPHANED), expected=found)

        assert journal.counts() == {("r", State.ORPHANED): 3}


class TestCompareAndSet:
    @pytest.mark.parametrize(
        ("held", "expected", "written"),
        [
            (None, None, True),
            (entry(version=1), None, False),
            (None, entry(version=1), False),
            (entry(version=1), entry(version=1, state=State.PARKED), True),
            (entry(version=2), entry(version=1), False),
            (entry(version=1, created_time="2026-01-01T00:00:01Z"),
             entry(version=1, created_time="2026-01-01T00:00:02Z"), False),
            (entry(), entry(), True),
            (entry(), None, False),
        ],
    )  # fmt: skip
    def test_only_on_what_was_expected(
        self,
        journal: Journal,
        held: Entry | None,
        expected: Entry | None,
        written: bool,
    ) -> None:
        """An entry is written if what was applied is still what was believed."""
        if held is not None:
            journal.record(held, expected=None)
        new = entry(version=9, name="new")

        assert journal.record(new, expected=expected) is written
        assert journal.get(new.ref, "r") == (new if written else held)


class TestPages:
    def test_pages_cover_all_once(self, journal: Journal) -> None:
        """Following the cursors gives every entry once, in order."""
        for path in ("b", "a/2", "a", "ä"):
            for rule in ("one", "two"):
                journal.record(entry(path, rule), expected=None)
        seen, after = [], None
        while True:
            page, after = journal.page(**ALL | {"after": after, "limit": 3})
            seen += [(e.ref.path, e.rule) for e in page]
            if after is None:
                break

        assert seen == [
            (path, rule) for path in ("a", "a/2", "b", "ä") for rule in ("one", "two")
        ]

    @pytest.mark.parametrize(
        ("wanted", "paths"),
        [
            ({"state": State.PARKED}, ["b"]),
            ({"rule": "other"}, ["c"]),
            ({"text": "EAM/kv/app/B"}, ["b"]),
            ({"text": "special"}, ["c"]),
            ({"text": "100%_"}, ["100%_"]),
            ({"text": "nowhere"}, []),
            ({"rule": "r", "state": State.IN_SYNC, "limit": 1}, ["100%_"]),
        ],
    )
    def test_filters(
        self, journal: Journal, wanted: dict[str, object], paths: list[str]
    ) -> None:
        """State, rule and text each narrow the page, text in any case and literally."""
        journal.record(entry("a"), expected=None)
        journal.record(entry("100%_"), expected=None)
        journal.record(entry("b", state=State.PARKED), expected=None)
        journal.record(entry("c", "other", name="Special"), expected=None)

        assert [e.ref.path for e in journal.page(**ALL | wanted)[0]] == paths

    @pytest.mark.parametrize(
        "cursor", ["x", "WzFd", "WyIiLCIiLCIiLDFd", "bnVsbA==", "ä"]
    )
    def test_a_cursor_from_elsewhere(self, journal: Journal, cursor: str) -> None:
        """What is no cursor of the journal is refused as such."""
        with pytest.raises(InvalidCursor):
            journal.page(**ALL | {"after": cursor})


class TestGaps:
    def test_remembered_until_cleared(self, journal: Journal) -> None:
        """A gap is there until a comparison clears it by its number."""
        journal.add_gap(["**"], "eof", "2026-11-23T10:00:00Z")
        journal.add_gap(["kv", "app"], "overflow", None)
        first, second = journal.gaps()

        assert (first.mounts, first.reason, first.since) == (
            ("**",),
            "eof",
            "2026-11-23T10:00:00Z",
        )
        assert (second.mounts, second.since) == (("app", "kv"), None)
        journal.clear_gaps([first.number, 999])
        assert journal.gaps() == [second]

    @pytest.mark.parametrize(
        ("one", "other", "since"),
        [
            (f"{DAY}T10:00:00.9Z", f"{DAY}T10:00:00.91Z", f"{DAY}T10:00:00.9Z"),
            (f"{DAY}T10:00:00Z", f"{DAY}T10:00:00+01:00", f"{DAY}T10:00:00+01:00"),
            (f"{DAY}T10:00:00Z", None, None),
            (None, f"{DAY}T10:00:00Z", None),
        ],
    )
    def test_equal_gaps_merge(
        self, journal: Journal, one: str | None, other: str | None, since: str | None
    ) -> None:
        """Equal gaps are one, since the earlier time; an unknown time is earliest."""
        journal.add_gap(["b", "a"], "eof", one)
        journal.add_gap(["a", "b"], "eof", other)

        assert [gap.since for gap in journal.gaps()] == [since]

    def test_a_merged_gap_outlives_an_older_comparison(self, journal: Journal) -> None:
        """A comparison clears only gaps that were known when it began."""
        journal.add_gap(["**"], "eof", None)
        known = [gap.number for gap in journal.gaps()]
        journal.add_gap(["**"], "eof", None)
        journal.clear_gaps(known)

        assert len(journal.gaps()) == 1
