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
WELL  409 secrets are in sync.
secrets          in sync 409   pending 0   parked 0   conflict 0   held 0   drifted 0   orphaned 0   being deleted 3
lag, last hour   p50 0.21 s   p95 0.38 s   p99 0.71 s
reconcile        2026-11-23 10:00:11Z, took 12 s, 412 compared
forwarders       vault-1 4 s ago"""  # noqa: E501 what a terminal shows is as long as it is
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
ATTENTION  2 secrets need you and 1 fault; 1 on the way.
secrets          in sync 409   pending 1 (oldest 0.4 s)   parked 1   conflict 1   held 0   drifted 0   orphaned 0   being deleted 3
lag, last hour   p50 0.21 s   p95 0.38 s   p99 0.71 s
reconcile        2026-11-23 10:00:11Z, took 12 s, 412 compared
forwarders       vault-1 4 s ago
brake            hybrid: 12 held, 12 deletes of 100; vault-replicator reconcile --rule hybrid --force
fault            the token is not renewable

NEEDS YOU                          SINCE    CAUSE              DO
{MOUNT}/team-e/shared   2 h      CONFLICT_FOREIGN   vault-replicator adopt {MOUNT}/team-e/shared
{MOUNT}/team-f/cert     14 min   VALUE_TOO_LARGE    secret's owner: split it, or add it to the rule's exclude"""  # noqa: E501 what a terminal shows is as long as it is
    )


def test_a_receiver_that_has_just_started() -> None:
    """What is not known is said to be."""
    document = status(
        lag={"p50": None, "p95": None, "p99": None},
        reconcile={"last": None},
        forwarders=[],
    )

    assert status_text(document, NOW).splitlines()[2:] == [
        "lag, last hour   nothing has changed",
        "reconcile        none has ended yet",
        "forwarders       none heard of yet",
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
