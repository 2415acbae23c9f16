"""What a Journal promises besides its entries: deletes of late, deeds, and gaps."""

from __future__ import annotations

import pytest

from receiver.core.state import Entry, SecretRef, State
from receiver.ports import Deed, Deletions, Journal

DAY = "2026-11-23"
A, B, C = (SecretRef("", "kv", name) for name in "abc")


def put(journal: Journal, path: str, state: State, **more: object) -> Entry:
    given = {"rule": "r", "region": "eu-central-1", "name": path, "arn": f"arn:{path}"}
    ref = SecretRef("", "kv", path)
    made = Entry(ref=ref, state=state, **given | more)
    assert journal.record(made, expected=None)
    return made


def deletions(made: int = 0, population: int = 0, held: int = 0) -> Deletions:
    return Deletions(made=made, population=population, held=held)


class TestDeletions:
    def test_of_a_rule_that_has_none(self, journal: Journal) -> None:
        """What is not known counts nothing."""
        assert journal.deletions("r", 0.0) == deletions()

    def test_made_since(self, journal: Journal) -> None:
        """Only the rule's own deletes count, and only those after the time."""
        for ref, at in ((A, 100.0), (B, 101.0), (C, 102.0)):
            journal.deleting(ref, "r", at)
        journal.deleting(A, "other", 102.0)

        assert journal.deletions("r", 100.0) == deletions(made=2, population=2)
        assert journal.deletions("other", 0.0) == deletions(made=1, population=1)

    def test_a_delete_tried_again_counts_once(self, journal: Journal) -> None:
        """Each secret counts once for a rule, at its last time."""
        journal.deleting(A, "r", 100.0)
        journal.deleting(A, "r", 105.0)

        assert journal.deletions("r", 0.0).made == 1
        assert journal.deletions("r", 100.0).made == 1
        assert journal.deletions("r", 105.0).made == 0

    def test_the_population(self, journal: Journal) -> None:
        """It is what AWS holds for the rule, held ones too, and what was deleted
        since; not what is gone already, left behind, or never was there."""
        put(journal, "a", State.IN_SYNC)
        put(journal, "b", State.HELD, cause="BRAKE")
        put(journal, "h", State.HELD, cause="EMPTY_LISTING")
        put(journal, "c", State.PARKED)
        put(journal, "d", State.PARKED, arn=None)
        put(journal, "e", State.DELETING)
        put(journal, "f", State.ORPHANED)
        put(journal, "g", State.ORPHANED)
        put(journal, "a", State.HELD, rule="other")
        journal.deleting(SecretRef("", "kv", "e"), "r", 100.0)

        assert journal.deletions("r", 0.0) == deletions(made=1, population=5, held=1)
        assert journal.deletions("r", 100.0) == deletions(population=4, held=1)

    def test_what_is_about_to_be_deleted(self, journal: Journal) -> None:
        """A secret that AWS still holds is one of the population, not two, also when
        it came back after its delete."""
        put(journal, "a", State.IN_SYNC)
        put(journal, "b", State.IN_SYNC, rule="other")
        put(journal, "c", State.IN_SYNC)
        for ref in (A, B):
            journal.deleting(ref, "r", 100.0)

        assert journal.deletions("r", 0.0) == deletions(made=2, population=3)

    def test_the_population_follows(self, journal: Journal) -> None:
        """It counts what stands now: found in AWS, deleted, forgotten."""
        absent = put(journal, "a", State.PENDING, arn=None)
        assert journal.deletions("r", 0.0).population == 0
        found = Entry(
            ref=A,
            rule="r",
            region=absent.region,
            name=absent.name,
            state=State.PENDING,
            arn="arn:a",
        )
        assert journal.record(found, expected=absent)
        assert journal.deletions("r", 0.0).population == 1
        journal.forget(found)
        assert journal.deletions("r", 0.0).population == 0

    def test_accepted(self, journal: Journal) -> None:
        """Once somebody has looked, the rule's deletes count anew, others' do not."""
        for rule in ("r", "other"):
            journal.deleting(A, rule, 100.0)
        journal.accept_deletions("r")
        assert journal.deletions("r", 0.0).made == 0
        journal.deleting(B, "r", 101.0)

        assert journal.deletions("r", 0.0).made == 1
        assert journal.deletions("other", 0.0).made == 1

    def test_forgotten_after_a_day(self, journal: Journal) -> None:
        """A delete of more than a day before the rule's newest leaves no trace."""
        journal.deleting(A, "r", 100.0)
        journal.deleting(B, "r", 200.0)
        journal.deleting(A, "other", 100.0)
        journal.deleting(C, "r", 100.0 + 86_400.0)

        assert journal.deletions("r", 0.0).made == 2
        assert journal.deletions("other", 0.0).made == 1


def deed(at: float, **more: object) -> Deed:
    given = {"by": "oncall", "what": "adopt", "about": '{"rule":"r"}'}
    return Deed(at=at, **given | more)


class TestDeeds:
    def test_the_newest_first(self, journal: Journal) -> None:
        """What somebody ordered comes back whole, numbered as it was written down."""
        journal.add_deed(deed(100.5))
        journal.add_deed(deed(99.0, by="ann", what="pause", number=77))
        newest, oldest = journal.deeds(before=None, limit=10)

        assert (newest.by, newest.what, newest.at) == ("ann", "pause", 99.0)
        assert oldest == deed(100.5, number=oldest.number)
        assert oldest.number < newest.number < 77

    def test_page_by_page(self, journal: Journal) -> None:
        """Each page begins before the last number of the one before."""
        for at in range(5):
            journal.add_deed(deed(float(at)))
        seen, before = [], None
        while page := journal.deeds(before=before, limit=2):
            seen.append([found.at for found in page])
            before = page[-1].number

        assert seen == [[4.0, 3.0], [2.0, 1.0], [0.0]]


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
