"""The promises of a Journal about its entries, for every implementation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.core.state import Decision, Entry, State
from receiver.ports import Journal
from tests.conformance.entries import REF, entry


def held(journal: Journal, wanted: Entry) -> Entry | None:
    """What stands under the key of ``wanted``."""
    standing = [e for e in journal.known(wanted.ref) if e.place == wanted.place]
    return standing[0] if standing else None


FULL = entry(
    cause="BRAKE",
    detail="11 of 100",
    arn="arn:aws:secretsmanager:eu-central-1:1:secret:kv/a-x",
    version=3,
    created_time="2026-11-23T10:00:00.123456789Z",
    deletion_time="2026-12-23T10:00:00Z",
    version_id="v3-abc",
    attributes="d41d8c",
    decision=Decision.FORCE,
    decided_by="oncall",
    applied_at=1763892000.25,
    checked_at=1763892001.5,
    lag=0.125,
)


class TestEntries:
    def test_every_field_comes_back(self, journal: Journal) -> None:
        """What is recorded is what is read, to the last digit."""
        assert journal.known(FULL.ref) == []
        assert journal.record(FULL, expected=None) is True
        assert journal.known(FULL.ref) == [FULL]

    def test_a_later_record_takes_its_place(self, journal: Journal) -> None:
        """Every field is overwritten, also by nothing."""
        journal.record(FULL, expected=None)
        journal.record(entry(), expected=FULL)

        assert journal.known(REF) == [entry()]

    def test_the_place_is_part_of_the_key(self, journal: Journal) -> None:
        """One secret has an entry for each rule, Region and name, ordered by these."""
        places = [
            {"rule": "one", "region": "eu-west-1", "name": "a"},
            {"rule": "one", "region": "eu-west-1", "name": "b"},
            {"rule": "one", "region": "us-east-1", "name": ""},
            {"rule": "two", "region": "eu-west-1", "name": "a"},
        ]
        for place in reversed(places):
            assert journal.record(entry(**place), expected=None)
        journal.record(entry("other"), expected=None)

        assert journal.known(REF) == [entry(**place) for place in places]

    def test_named(self, journal: Journal) -> None:
        """Who claims a name in a Region is found, whatever secret or rule it is."""
        claims = [entry("a", name="n"), entry("b", name="n"), entry("b", "s", name="n")]
        elsewhere = entry("c", name="n", region="us-east-1")
        for found in [*claims, elsewhere, entry("d", name="nn"), entry("e")]:
            journal.record(found, expected=None)

        assert journal.named("eu-central-1", "n") == claims
        assert journal.named("us-east-1", "n") == [elsewhere]
        assert journal.named("us-east-1", "") == []

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
        """A dropped entry is confirmed absent, its neighbours stay; dropping it again
        is no error."""
        stays = entry(name="stays")
        journal.record(entry(), expected=None)
        journal.record(stays, expected=None)
        journal.forget(entry())
        journal.forget(entry())

        assert journal.known(REF) == [stays]

    def test_entries_in_order(self, journal: Journal) -> None:
        """All entries of a rule come, ordered by reference, more than one page too."""
        paths = [f"p{number:04}" for number in range(1203)]
        for path in reversed(paths):
            journal.record(entry(path), expected=None)
        journal.record(entry("x", "other"), expected=None)

        assert [e.ref.path for e in journal.entries("r")] == paths
        assert [e.ref.path for e in journal.entries()] == [*paths, "x"]

    def test_entries_in_a_state(self, journal: Journal) -> None:
        """What is in one state is found, under all rules or one."""
        journal.record(entry("a"), expected=None)
        for rule in ("two", "one"):
            journal.record(entry("b", rule, state=State.HELD), expected=None)

        held_ones = list(journal.entries(state=State.HELD))
        assert [e.rule for e in held_ones] == ["one", "two"]
        assert list(journal.entries("two", state=State.HELD)) == held_ones[1:]

    def test_entries_holds_no_lock(self, journal: Journal) -> None:
        """Whoever walks through the entries can write meanwhile."""
        for path in "abc":
            journal.record(entry(path), expected=None)
        for found in journal.entries("r"):
            assert journal.record(replace(found, state=State.ORPHANED), expected=found)

        assert journal.counts() == {("r", State.ORPHANED): 3}

    def test_counts(self, journal: Journal) -> None:
        """Each rule has its entries by state; what is changed or dropped moves."""
        for path in "abcd":
            journal.record(entry(path), expected=None)
        journal.record(entry("a", "s"), expected=None)
        journal.record(entry("b", state=State.PARKED), expected=entry("b"))
        journal.decide([entry("x", state=State.CONFLICT)], Decision.ADOPT, "oncall")
        journal.forget(entry("c"))
        journal.forget(entry("a", "s"))

        assert journal.counts() == {
            ("r", State.IN_SYNC): 2,
            ("r", State.PARKED): 1,
            ("r", State.CONFLICT): 1,
        }


class TestStateSince:
    def test_is_when_the_state_began(self, journal: Journal) -> None:
        """It is the look that first found the state, whatever the writer says."""
        first = entry(checked_at=100.0, state_since=7.0)
        journal.record(first, expected=None)
        journal.record(replace(first, checked_at=200.0), expected=first)
        assert [e.state_since for e in journal.known(REF)] == [100.0]

        held_now = replace(first, state=State.HELD, checked_at=300.0)
        journal.record(held_now, expected=first)
        journal.decide([held_now], Decision.FORCE, "oncall")
        assert [e.state_since for e in journal.known(REF)] == [300.0]

    def test_begins_with_a_decision_on_the_unknown(self, journal: Journal) -> None:
        """So it does for an entry that a decision has brought in."""
        journal.decide([entry(checked_at=100.0)], Decision.ADOPT, "oncall")

        assert [e.state_since for e in journal.known(REF)] == [100.0]


DECIDED = entry(decision=Decision.FORCE)


class TestCompareAndSet:
    @pytest.mark.parametrize(
        ("standing", "expected", "written"),
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
            (DECIDED, entry(), False),
            (entry(), DECIDED, False),
            (DECIDED, entry(decision=Decision.RELEASE), False),
            (DECIDED, replace(DECIDED, decided_by="somebody else"), True),
        ],
    )  # fmt: skip
    def test_only_on_what_was_expected(
        self,
        journal: Journal,
        standing: Entry | None,
        expected: Entry | None,
        written: bool,
    ) -> None:
        """An entry is written if what was applied and decided is as was believed."""
        if standing is not None:
            journal.record(standing, expected=None)
        new = entry(version=9)

        assert journal.record(new, expected=expected) is written
        assert held(journal, new) == (new if written else standing)

    def test_under_its_own_key(self, journal: Journal) -> None:
        """An entry at another place neither allows nor forbids the write."""
        journal.record(entry(version=1), expected=None)
        moved = entry(version=1, name="new")

        assert journal.record(moved, expected=entry(version=1)) is False
        assert journal.record(moved, expected=None) is True
        assert len(journal.known(REF)) == 2


class TestDecisions:
    def test_on_what_stands(self, journal: Journal) -> None:
        """A decision changes nothing else, whatever the caller believes of the rest."""
        journal.record(FULL, expected=None)
        journal.decide([entry(state=State.CONFLICT)], Decision.RELEASE, "ann")

        expected = replace(FULL, decision=Decision.RELEASE, decided_by="ann")
        assert journal.known(REF) == [expected]

    def test_on_what_is_not_known(self, journal: Journal) -> None:
        """Where nothing stands, the entry is written with the decision."""
        unknown = entry(state=State.CONFLICT, arn="arn:x")
        journal.decide([unknown], Decision.ADOPT, "ann")

        expected = replace(unknown, decision=Decision.ADOPT, decided_by="ann")
        assert journal.known(REF) == [expected]

    def test_taken_back(self, journal: Journal) -> None:
        """Nobody has decided any more; where nothing stands, nothing comes of it."""
        journal.decide([entry()], Decision.ADOPT, "ann")
        journal.decide([entry()], None, "bob")
        journal.decide([entry("b")], None, "bob")

        assert list(journal.entries()) == [entry()]

    def test_carried_out_once(self, journal: Journal) -> None:
        """Who began before the decision cannot write over it; who carries it out
        clears it with the same record."""
        journal.record(entry(), expected=None)
        journal.decide([entry()], Decision.ADOPT, "ann")
        (decided,) = journal.known(REF)

        assert journal.record(entry(version=2), expected=entry()) is False
        assert journal.record(entry(version=2), expected=decided) is True
        assert journal.known(REF) == [entry(version=2)]
