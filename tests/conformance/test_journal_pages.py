"""The promises of a Journal to whoever looks through it page by page."""

from __future__ import annotations

import pytest

from receiver.core.state import State
from receiver.ports import InvalidCursor, Journal
from tests.conformance.entries import entry

ALL = {"state": None, "rule": None, "text": None, "after": None, "limit": 100}


class TestPages:
    def test_pages_cover_all_once(self, journal: Journal) -> None:
        """Following the cursors gives every entry once, in order of the whole key."""
        wanted = [
            (path, rule, region, name)
            for path in ("a", "a/2", "b", "ä")
            for rule in ("one", "two")
            for region in ("eu-west-1", "us-east-1")
            for name in ("", "n")
        ]
        for path, rule, region, name in reversed(wanted):
            journal.record(entry(path, rule, region=region, name=name), expected=None)
        seen, after = [], None
        while True:
            page, after = journal.page(**ALL | {"after": after, "limit": 3})
            seen += [(e.ref.path, *e.place) for e in page]
            if after is None:
                break

        assert seen == wanted

    def test_the_last_of_a_page_may_go(self, journal: Journal) -> None:
        """A cursor holds though its entry is dropped."""
        for path in "abc":
            journal.record(entry(path), expected=None)
        page, after = journal.page(**ALL | {"limit": 2})
        journal.forget(page[-1])

        assert [e.ref.path for e in journal.page(**ALL | {"after": after})[0]] == ["c"]

    @pytest.mark.parametrize(
        ("wanted", "paths"),
        [
            ({"state": State.PARKED}, ["b"]),
            ({"rule": "other"}, ["c"]),
            ({"text": "EAM/kv/app/B"}, ["b"]),
            ({"text": "special"}, ["c"]),
            ({"text": "é straße"}, ["c"]),
            ({"text": "100%_"}, ["100%_"]),
            ({"text": "nowhere"}, []),
            ({"rule": "r", "state": State.IN_SYNC, "limit": 1}, ["100%_"]),
            ({"rule": "r", "state": State.IN_SYNC, "text": "A"}, ["100%_", "a"]),
        ],
    )
    def test_filters(
        self, journal: Journal, wanted: dict[str, object], paths: list[str]
    ) -> None:
        """State, rule and text each narrow the page, text in any case and literally."""
        journal.record(entry("a"), expected=None)
        journal.record(entry("100%_"), expected=None)
        journal.record(entry("b", state=State.PARKED), expected=None)
        journal.record(entry("c", "other", name="SpecialÉ STRASSE"), expected=None)

        assert [e.ref.path for e in journal.page(**ALL | wanted)[0]] == paths

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "WzFd",
            "WyIiLCIiLCIiLDFd",
            "bnVsbA==",
            "ä",
            "WyIiLCJrdiIsImEiLCJyIl0=",
            "ImFiY2RlZiI=",
            "WyIiLCJrdiIsIlx1ZDgwMCIsInIiLCIiLCIiXQ==",
        ],
    )
    def test_a_cursor_from_elsewhere(self, journal: Journal, cursor: str) -> None:
        """What is no cursor of the journal is refused as such."""
        with pytest.raises(InvalidCursor):
            journal.page(**ALL | {"after": cursor})
