"""The status on one screen."""

from __future__ import annotations

from receiver.terminal.status_text import status_text
from tests.unit.receiver_cli.documents import MOUNT, NOW, item, status

CONFLICT = item(
    "team-e/shared",
    "conflict",
    cause="CONFLICT_FOREIGN",
    since="2026-11-23T08:04:11.000Z",
    who="AWS admin",
    do="a secret of this name is not ours: adopt it, or change the rule",
)
PARKED = item(
    "team-f/cert",
    "parked",
    cause="VALUE_TOO_LARGE",
    since="2026-11-23T09:50:11.000Z",
    who="secret's owner",
    do="split it, or add it to the rule's exclude",
)


def test_all_well() -> None:
    """The verdict, then the facts; nothing else."""
    assert status_text(status(), NOW) == (
        """\
WELL  409 secrets are in sync.   vault-prod, up 3 d, 1.4.0
secrets          in sync 409   pending 0   parked 0   conflict 0   held 0   drifted 0   orphaned 0   being deleted 3
lag, last hour   p50 0.21 s   p95 0.38 s   p99 0.71 s   (218 changes, 99.5 % within 1 s)
reconcile        2026-11-23 10:00:11Z, took 12 s, 412 compared, 1 repair, next 10:31:11Z
forwarders       vault-1 4 s ago
brake            clear (hybrid 3 of 41 deletes this hour)
paused           no"""  # noqa: E501 what a terminal shows is as long as it is
    )


def test_somebody_is_needed() -> None:
    """How many, since when, and the exact command where there is one."""
    braked = {
        "rule": "hybrid",
        "held": 12,
        "reason": "12 deletes of 100",
        "release": "vault-replicator reconcile --rule hybrid --force",
    }
    document = status(
        CONFLICT,
        PARKED,
        pending=1,
        oldest_pending_seconds=0.4,
        brake=[braked],
        faults=["the token is not renewable"],
    )
    document["states"]["pending"] = 1

    assert status_text(document, NOW) == (
        f"""\
ATTENTION  2 secrets need you and 1 fault; 1 on the way.   vault-prod, up 3 d, 1.4.0
secrets          in sync 409   pending 1 (oldest 0.4 s)   parked 1   conflict 1   held 0   drifted 0   orphaned 0   being deleted 3
lag, last hour   p50 0.21 s   p95 0.38 s   p99 0.71 s   (218 changes, 99.5 % within 1 s)
reconcile        2026-11-23 10:00:11Z, took 12 s, 412 compared, 1 repair, next 10:31:11Z
forwarders       vault-1 4 s ago
brake            hybrid: 12 held, 12 deletes of 100; vault-replicator reconcile --rule hybrid --force
paused           no
fault            the token is not renewable

NEEDS YOU                          SINCE    CAUSE              DO
{MOUNT}/team-e/shared   2 h      CONFLICT_FOREIGN   vault-replicator adopt {MOUNT}/team-e/shared
{MOUNT}/team-f/cert     14 min   VALUE_TOO_LARGE    secret's owner: split it, or add it to the rule's exclude"""  # noqa: E501 what a terminal shows is as long as it is
    )


def test_a_receiver_that_has_just_started() -> None:
    """What is not known is said to be."""
    document = status(
        lag={
            "p50": None,
            "p95": None,
            "p99": None,
            "changes": 0,
            "within_slo": None,
        },
        reconcile={"last": None, "next": None},
        forwarders=[],
        deletes=[],
    )

    assert status_text(document, NOW).splitlines()[2:] == [
        "lag, last hour   nothing has changed",
        "reconcile        none has ended yet",
        "forwarders       none heard of yet",
        "brake            clear (no deletes this hour)",
        "paused           no",
    ]


def test_many_rows_are_cut_and_counted() -> None:
    """The screen stays a screen just when all is red."""
    parked = [item(f"app/{number}", "parked") for number in range(50)]
    document = status(*parked)
    document["states"]["parked"] = 1234

    text = status_text(document, NOW)

    assert "app/19" in text
    assert "app/20" not in text
    assert text.endswith("… and 1,214 more: vault-replicator list --state parked")


def test_what_is_parked_in_no_state_still_counts() -> None:
    """A reference whose mount is unknown has no entry; it is in the list alone."""
    document = status(PARKED)
    document["states"]["parked"] = 0

    assert status_text(document, NOW).startswith("ATTENTION  1 secret needs you;")


def test_paused() -> None:
    """By whom, until when, why, and what ends it."""
    pause = {
        "rule": "hybrid",
        "reason": "keys",
        "by": "oncall",
        "since": "2026-11-23T10:00:11.000Z",
        "until": "2026-11-23T14:00:11.000Z",
    }
    lines = status_text(status(verdict="needs_you", paused=[pause]), NOW).splitlines()

    assert lines[0].startswith("ATTENTION  replication is paused; nothing waits.")
    assert lines[-1] == (
        "paused           rule hybrid until 2026-11-23 14:00:11Z, by oncall: keys; "
        "vault-replicator resume --rule hybrid"
    )


def test_warnings() -> None:
    """They are said, and are nobody's alarm."""
    warning = "the clock of vault-1 is 4 s behind ours"
    text = status_text(status(warnings=[warning]), NOW)

    assert text.startswith("WELL ")
    assert text.endswith(f"\nwarning          {warning}")


def test_one_slow_change_is_not_rounded_away() -> None:
    """100 % is said of all of them alone."""
    document = status()
    document["lag"] |= {"changes": 100_000, "within_slo": 99_999 / 100_000}

    assert "(100,000 changes, 99.9 % within 1 s)" in status_text(document, NOW)


def test_of_a_receiver_of_the_version_before() -> None:
    """What it does not tell is left out."""
    document = status()
    for name in ("source", "version", "uptime_seconds", "deletes", "warnings"):
        del document[name]
    del document["lag"]["changes"], document["lag"]["within_slo"]
    text = status_text(document, NOW)

    assert text.startswith("WELL  409 secrets are in sync.\n")
    assert "p99 0.71 s\n" in text
