"""The one sentence, and what stands still."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.web.page.home import home
from receiver.web.page.needs import SHOWN, needs
from receiver.web.page.verdict import verdict
from tests.unit.receiver_page.documents import item, pause, status

NEEDS = {"verdict": "needs_you"}


@pytest.mark.parametrize(
    ("more", "tone", "sentence"),
    [
        ({}, "well", "All is well: nothing is replicated yet."),
        (
            {"states": {"in_sync": 1}},
            "well",
            "All is well: 1 secret is in sync.",
        ),
        (
            {"states": {"in_sync": 4_120, "pending": 3}},
            "well",
            "All is well: 4,120 secrets are in sync; 3 on the way.",
        ),
        (
            NEEDS | {"paused": [pause()]},
            "paused",
            "Paused: nothing is written.",
        ),
        (
            {"paused": [pause("a"), pause("b")], "states": {"pending": 1_200}},
            "paused",
            "Paused: nothing is written under a and b. 1,200 on the way.",
        ),
        (
            NEEDS | {"states": {"parked": 1}},
            "attention",
            "1 secret needs you; everything else is in sync.",
        ),
        (
            NEEDS | {"states": {"parked": 2_000, "held": 31, "pending": 7}},
            "attention",
            "2,031 secrets need you; 7 on the way.",
        ),
        (NEEDS | {"faults": ["x"]}, "attention", "1 fault needs you."),
        (
            NEEDS | {"faults": ["x"], "states": {"conflict": 1}, "paused": [pause()]},
            "attention",
            "1 fault and 1 secret need you. Nothing is written.",
        ),
        (
            NEEDS | {"parked": {"MOUNT_UNKNOWN": 3}},
            "attention",
            "3 secrets need you; everything else is in sync.",
        ),
    ],
)
def test_the_sentence(more: dict[str, Any], tone: str, sentence: str) -> None:
    """Says who is needed before anything else; a pause is not a fault, and nothing
    hides that somebody is needed."""
    found = verdict(status(**more))

    assert (found.tone, found.sentence) == (tone, sentence)
    assert len(found.short) < 60


class TestNeeds:
    def test_the_most_first(self) -> None:
        """One thing to mend may free thousands."""
        document = status(
            needs_you=[item("a"), item("b", cause="VALUE_EMPTY")],
            parked={"KMS_DENIED": 1, "VALUE_EMPTY": 900},
            states={"parked": 901},
        )
        found = needs(document, 0.0)

        assert [(need.cause, need.count) for need in found] == [
            ("VALUE_EMPTY", 900),
            ("KMS_DENIED", 1),
        ]

    def test_some_are_shown(self) -> None:
        """And how many are not."""
        items = [item(str(number)) for number in range(50)]
        (need,) = needs(status(needs_you=items, parked={"KMS_DENIED": 1_204}), 0.0)

        assert (len(need.rows), need.hidden) == (SHOWN, 1_204 - SHOWN)

    def test_a_cause_that_others_have_pushed_out(self) -> None:
        """The document lists the first of each state; the queue knows the rest."""
        items = [item(str(number)) for number in range(50)]
        document = status(needs_you=items, parked={"KMS_DENIED": 60, "NAME_TAKEN": 2})
        _, other = needs(document, 0.0)

        assert (other.cause, other.count, other.rows) == ("NAME_TAKEN", 2, ())
        assert other.who == "secret's owner"

    def test_what_is_held(self) -> None:
        """Is no work in the queue, and no button here lets it go."""
        items = [item(str(number), "held", cause="BRAKE") for number in range(50)]
        (need,) = needs(status(needs_you=items, states={"held": 64}), 0.0)

        assert (need.count, need.verbs) == (64, ())

    def test_held_for_two_causes(self) -> None:
        """How many of each there are is only known of those that are listed."""
        items = [item("a", "held", cause="BRAKE"), item("b", "held", cause="OTHER")]
        found = needs(status(needs_you=items, states={"held": 64}), 0.0)

        assert [need.count for need in found] == [1, 1]

    def test_what_is_said_of_all_is_said_once(self) -> None:
        """Unless they differ."""
        same = [item("a", detail="denied"), item("b", detail="denied")]
        other = [item("a", detail="denied"), item("b", detail="gone")]

        assert needs(status(needs_you=same), 0.0)[0].detail == "denied"
        assert needs(status(needs_you=other), 0.0)[0].detail == ""


class TestForwarders:
    @pytest.mark.parametrize(("ago", "silent"), [(0, False), (89, False), (91, True)])
    def test_silence(self, ago: float, silent: bool) -> None:
        """Two beats may be lost; then it is silent."""
        beat = {
            "name": "vault-1",
            "source": "vault-prod",
            "last_seen": 1000.0,
            "last_entry_time": None,
            "gaps": 0,
            "spool": 0,
            "version": None,
        }
        (line,) = home(status(forwarders=[beat]), [], 1000.0 + ago).forwarders

        assert line.is_silent is silent
        assert line.entry is None


def test_the_oldest_that_waits() -> None:
    """Stands at its number."""
    document = status(states={"pending": 2}, oldest_pending_seconds=41.0)
    cards = {card.mark: card for card in home(document, [], 0.0).cards}

    assert (cards["pending"].note, cards["pending"].weight) == ("oldest 41 s", "plain")
    assert (cards["parked"].weight, cards["parked"].url) == (
        "none",
        "/secrets?state=parked",
    )


def test_what_needs_nobody_yet() -> None:
    """Warnings, and how near a rule is to its brake, if it has deleted anything."""
    more = {
        "warnings": ["the clock of vault-1 is 9 s behind ours"],
        "deletes": [
            {"rule": "hybrid", "made": 3, "most": 50},
            {"rule": "team", "made": 0, "most": 50},
        ],
    }
    found = home(status(**more), [], 0.0)

    assert found.warnings == ("the clock of vault-1 is 9 s behind ours",)
    assert found.deletes == ("hybrid 3 of 50 deletes this hour",)
