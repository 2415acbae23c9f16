"""What of the facts is a trouble, and for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from receiver.core.causes import Cause
from receiver.core.notify.facts import (
    Beat,
    Compared,
    Facts,
    Held,
    Stuck,
    TokenLife,
)
from receiver.core.notify.trouble import Severity, Trouble
from receiver.core.notify.troubles import troubles_of
from receiver.core.pause import Pause

NOW = 2_000_000.0
HOUR, DAY = 3600.0, 86_400.0
WELL = Facts(
    now=NOW,
    started=NOW - DAY,
    vault_asked=NOW - 30,
    token=TokenLife(ends=NOW + 20 * DAY, whole=30 * DAY),
    beats=(Beat(name="vault-1", last_seen=NOW - 10, last_entry=NOW - 40),),
    compared=Compared(succeeded=NOW - 600, interval=1800),
)


def found(**changes: Any) -> list[Trouble]:
    """In a world that is well but for this."""
    return troubles_of(replace(WELL, **changes))


def keys(**changes: Any) -> list[str]:
    return [trouble.key for trouble in found(**changes)]


def test_a_world_that_is_well() -> None:
    """Nobody is told anything."""
    assert troubles_of(WELL) == []


@pytest.mark.parametrize("cause", list(Cause))
def test_what_is_parked_comes_with_its_remedy(cause: Cause) -> None:
    """One line for each cause, however many secrets it has, with who must act."""
    names = ("kv/a", "kv/b")
    (trouble,) = found(stuck=(Stuck(cause=cause, count=700, names=names),))

    assert trouble.key == f"parked:{cause}"
    assert trouble.severity is Severity.TICKET
    assert "700 secrets" in trouble.summary
    assert (trouble.count, trouble.names) == (700, names)
    assert ": " in trouble.do
    assert trouble.patience == 0


def test_a_cause_of_another_version() -> None:
    """What an older or newer version left in the state is told all the same."""
    (trouble,) = found(stuck=(Stuck(cause="OF_LATER", count=1),))

    assert "1 secret is" in trouble.summary
    assert trouble.do


def test_conflicts_are_seen_elsewhere_than_what_is_parked() -> None:
    """The link leads to the list that holds them."""
    stuck = tuple(
        Stuck(cause=cause, count=1)
        for cause in (Cause.CONFLICT_FOREIGN, Cause.KMS_DENIED)
    )
    places = [trouble.place for trouble in found(stuck=stuck)]

    assert places == ["/secrets?state=conflict", "/secrets?state=parked"]


def test_a_brake_wakes_somebody() -> None:
    """With the reason, and the command that shows what is held."""
    held = Held(rule="hybrid", count=3, cause="BRAKE", why="51 deletes of 400")
    (trouble,) = found(held=(held,))

    assert (trouble.key, trouble.severity) == ("held:hybrid", Severity.PAGE)
    assert "51 deletes of 400" in trouble.summary
    assert "plan --rule hybrid" in trouble.do


@pytest.mark.parametrize(
    ("left", "whole", "severity"),
    [
        (5 * HOUR, 30 * DAY, Severity.PAGE),
        (2 * DAY, 30 * DAY, Severity.TICKET),
        (4 * DAY, 30 * DAY, None),
        # A periodic token of a day is renewed when 8 hours are left: that is well.
        (9 * HOUR, DAY, None),
        (7 * HOUR, DAY, None),
        (5.9 * HOUR, DAY, Severity.PAGE),
        (0.3 * HOUR, HOUR, None),
        (0.2 * HOUR, HOUR, Severity.PAGE),
    ],
)
def test_a_token_that_ends(
    left: float, whole: float, severity: Severity | None
) -> None:
    """Only one that should have been renewed by now is a trouble."""
    told = found(token=TokenLife(ends=NOW + left, whole=whole))

    assert [one.severity for one in told] == ([severity] if severity else [])


def test_vault_away() -> None:
    """Its own trouble, after a minute; of the token nothing is known then."""
    life = TokenLife(ends=NOW + 60, whole=30 * DAY)
    (trouble,) = found(vault_trouble="lookup-self: ConnectError", token=life)

    assert (trouble.key, trouble.patience) == ("vault", 60)


def test_who_refuses_everything() -> None:
    """A trouble for each, named by what it is and not by what it says today."""
    lines = (
        "vault kv refuses everything: 403 [VAULT_FORBIDDEN]",
        "aws eu-central-1 refuses everything: PutSecretValue (request 1) [AWS_DENIED]",
    )

    assert keys(refusing=lines) == ["refusing:vault kv", "refusing:aws eu-central-1"]


@pytest.mark.parametrize(
    ("beats", "told"),
    [
        ([(10, 40)], []),
        ([(10, 40), (121, 200)], ["forwarder:vault-1"]),
        ([(119, 40)], []),
        ([], ["forwarder:none"]),
        # Alive, and no entry came about a call of ours 30 seconds ago.
        ([(10, 91)], ["forwarder:entries"]),
        ([(10, 90)], []),
        ([(10, 500), (10, 40)], []),
        ([(10, None)], []),
    ],
)
def test_silence(beats: list[tuple[float, float | None]], told: list[str]) -> None:
    """A forwarder that does not beat, or beats and hears nothing of Vault."""
    heard = tuple(
        Beat(
            name=f"vault-{number}",
            last_seen=NOW - seen,
            last_entry=None if entry is None else NOW - entry,
        )
        for number, (seen, entry) in enumerate(beats)
    )

    assert keys(beats=heard) == told


def test_silence_is_not_judged_too_early() -> None:
    """After a start forwarders have minutes to be heard; and a Vault that is away
    writes no entries."""
    assert keys(beats=(), started=NOW - 299) == []
    behind = (Beat(name="vault-1", last_seen=NOW - 10, last_entry=NOW - 500),)
    assert keys(beats=behind, vault_asked=NOW - 200) == []
    assert keys(beats=behind, vault_asked=None) == []


@pytest.mark.parametrize(
    ("compared", "started", "told"),
    [
        (Compared(succeeded=NOW - 5399, interval=1800), NOW - DAY, []),
        (
            Compared(succeeded=NOW - 5401, interval=1800),
            NOW - DAY,
            ["comparison_overdue"],
        ),
        (Compared(succeeded=NOW - 5401, interval=1800), NOW - 60, []),
        (Compared(interval=1800), NOW - 5401, ["comparison_overdue"]),
        (Compared(succeeded=NOW - DAY, interval=None), NOW - DAY, []),
        (
            Compared(succeeded=NOW, failures=("rule a: 403",), interval=None),
            NOW - DAY,
            ["comparison"],
        ),
    ],
)
def test_comparisons(compared: Compared, started: float, told: list[str]) -> None:
    """Overdue after three intervals; one that cannot compare all is told of too."""
    assert keys(compared=compared, started=started) == told


def test_work_that_waits() -> None:
    """Over five minutes is too long for what should take a second."""
    assert keys(oldest=NOW - 299) == []
    assert keys(oldest=NOW - 301) == ["waiting"]
    pause = Pause(rule="a", by="b", reason="c", since=NOW - 9, until=NOW + 9)
    assert keys(oldest=NOW - 301, paused=(pause,)) == []


def test_a_pause_that_was_forgotten() -> None:
    """Who paused and why is said after four hours."""
    pause = Pause(
        rule=None,
        by="oncall",
        reason="migration",
        since=NOW - 5 * HOUR,
        until=NOW + HOUR,
    )
    (trouble,) = found(paused=(pause,))

    assert "oncall" in trouble.summary
    assert "migration" in trouble.summary
    assert keys(paused=(replace(pause, since=NOW - HOUR),)) == []


def test_the_worst_comes_first() -> None:
    """Pages stand above tickets."""
    told = found(
        stuck=(Stuck(cause=Cause.KMS_DENIED, count=1),),
        faults=("a file is unreadable",),
        oldest=NOW - DAY,
    )

    assert [one.key for one in told] == ["waiting", "parked:KMS_DENIED", "faults"]
