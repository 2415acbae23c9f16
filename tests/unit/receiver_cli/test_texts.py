"""Lists, orders, runs and single secrets as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.commands.comparing import run_code
from receiver.commands.syncing import sync_code
from receiver.core.causes import Cause
from receiver.core.state import State
from receiver.terminal.colour import painted, wants_colour
from receiver.terminal.needs import remedy
from receiver.terminal.run_text import progress_line, run_text
from receiver.terminal.secrets_text import order_text, secrets_text
from receiver.terminal.sync_text import sync_text
from receiver.terminal.words import counted, duration, listed
from tests.unit.receiver_cli.documents import MOUNT, item, run


class TestList:
    def test_rows(self) -> None:
        """One line a secret; the name where it is another, and what follows."""
        items = [
            item("a", "in_sync", vault_version=7),
            item("b/c", "parked", cause="KMS_DENIED", name="x/b", detail="no key"),
        ]
        text = secrets_text(items, state=None, rule=None, more=True)

        assert text == (
            f"""\
SECRET                   STATE     VERSION   CAUSE        NAME IN AWS   DETAIL
{MOUNT}/a     in_sync   v7
{MOUNT}/b/c   parked              KMS_DENIED   x/b           no key
These are the first 2; --limit shows more."""
        )

    @pytest.mark.parametrize("state", [None, *State])
    def test_nothing_is_a_sentence(self, state: State | None) -> None:
        """For every state."""
        text = secrets_text([], state=state, rule="hybrid", more=False)

        assert text.endswith(" (rule hybrid)")
        assert "\n" not in text


class TestOrder:
    def test_what_would_be(self) -> None:
        """The count, then each one; what is not listed is counted."""
        answer = {"count": 3, "items": [item("a", "conflict")], "dry_run": True}

        assert order_text("adopt", answer) == (
            f"3 secrets would be adopted:\n  {MOUNT}/a   conflict\n  … and 2 more"
        )

    def test_what_is(self) -> None:
        """It is done by a worker, so it is not said to be done."""
        answer = {"count": 1, "items": [item("a", "parked", cause="KMS_DENIED")]}

        assert order_text("retry", answer) == (
            f"1 secret is being retried:\n  {MOUNT}/a   parked   KMS_DENIED"
        )

    @pytest.mark.parametrize("what", ["retry", "adopt", "release"])
    def test_nothing(self, what: str) -> None:
        """Says that nothing fits, and what would."""
        text = order_text(what, {"count": 0, "items": []})

        assert text.startswith(f"Nothing to {what}: ")


class TestRun:
    def test_converged(self) -> None:
        """What was done, in one line."""
        done = {"create": 3, "delete": 1, "update": 0}

        assert run_text(run(done=done)) == (
            "Converged: 3 created, 1 deleted; 412 compared in 12 s."
        )

    def test_nothing_to_do(self) -> None:
        """Not silent."""
        assert run_text(run()) == (
            "Converged: nothing had to be done; 412 compared in 12 s."
        )

    def test_some_parked_some_held(self) -> None:
        """Each with its cause, then who must act."""
        parked = [
            item("team-f/cert", "parked", cause="VALUE_TOO_LARGE", detail="71,204 B"),
            item("team-e/shared", "conflict", cause="CONFLICT_FOREIGN", detail="no"),
        ]
        text = run_text(
            run(
                done={"update": 2},
                parked=parked,
                held=12,
                brake=[
                    {
                        "rule": "hybrid",
                        "deletes": 12,
                        "held": 12,
                        "made": 0,
                        "population": 100,
                        "limit": "limit 50, or 10 % and 10",
                    }
                ],
                faults=["kv2: permission denied"],
            )
        )

        assert text == (
            f"""\
Done: 2 updated; 2 parked and 12 held; 412 compared in 12 s.

Brake  hybrid: 12 deletes wanted, 12 of them held; 0 made within the hour, of 100 secrets (limit 50, or 10 % and 10).

Faults
  kv2: permission denied

Parked
  {MOUNT}/team-f/cert     VALUE_TOO_LARGE    71,204 B
  {MOUNT}/team-e/shared   CONFLICT_FOREIGN   no

Needs you
  {MOUNT}/team-e/shared   vault-replicator adopt {MOUNT}/team-e/shared
  {MOUNT}/team-f/cert     secret's owner: split it, or add it to the rule's exclude"""  # noqa: E501 as long as it is
        )

    @pytest.mark.parametrize(
        ("more", "line"),
        [
            ({"state": "waiting"}, "[1:05] waiting for the run before it to end"),
            ({"state": "comparing"}, "[1:05] comparing both sides, 4 to do so far"),
            (
                {"state": "applying", "queued": 2860, "remaining": 1656},
                "[1:05] 1,204 of 2,860 done, 0 parked",
            ),
        ],
    )
    def test_progress(self, more: dict[str, Any], line: str) -> None:
        """How far it is, for a log."""
        assert progress_line(run(**more), 65.9) == line

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({}, 0),
            ({"state": "failed"}, 1),
            ({"faults": ["kv is sealed"]}, 1),
            ({"parked": [item("a", "parked")]}, 3),
            ({"held": 1}, 4),
            ({"held": 1, "parked": [item("a", "parked")]}, 4),
        ],
    )
    def test_exit_codes(self, more: dict[str, Any], code: int) -> None:
        """0 converged, 1 error, 3 some parked, 4 the brake held some."""
        assert run_code(run(**more)) == code


class TestSync:
    def test_there(self) -> None:
        """Which version, under which name, how long it took."""
        answer = {"state": "in_sync", "name": "kv/a", "version": 7, "lag_seconds": 0.21}

        assert sync_text("kv/a", 200, answer) == (
            "kv/a: v7 is in AWS as kv/a, 0.21 s after it was written"
        )

    @pytest.mark.parametrize(
        ("status", "answer", "text"),
        [
            (200, {"state": "in_sync", "name": "x"}, "kv/a: in AWS as x"),
            (
                200,
                {"state": "deleting", "name": "x"},
                "kv/a: gone in Vault, and being deleted in AWS as x",
            ),
            (
                200,
                {"state": "orphaned", "name": "x"},
                "kv/a: gone in Vault, and left in AWS as x",
            ),
            (202, {"state": "pending"}, "kv/a: queued"),
            (
                504,
                {"state": "pending", "cause": "VAULT_SEALED"},
                "kv/a: not in AWS in time; it stays queued, last failure VAULT_SEALED",
            ),
            (
                409,
                {"state": "parked", "cause": "VALUE_TOO_LARGE", "detail": "71,204 B"},
                "kv/a: parked: 71,204 B [VALUE_TOO_LARGE]\n"
                "  do  secret's owner: split it, or add it to the rule's exclude",
            ),
            (
                409,
                {"state": "deleting", "error": "Vault has deleted it since"},
                "kv/a: deleting: Vault has deleted it since",
            ),
        ],
    )
    def test_others(self, status: int, answer: dict[str, Any], text: str) -> None:
        """Gone, queued, late or parked."""
        assert sync_text("kv/a", status, answer) == text

    @pytest.mark.parametrize(
        ("status", "waited", "code"),
        [
            (200, True, 0),
            (202, False, 0),
            (202, True, 4),
            (504, True, 4),
            (409, True, 3),
        ],
    )
    def test_exit_codes(self, status: int, waited: bool, code: int) -> None:
        """0 there or only queued, 3 parked, 4 not in time."""
        assert sync_code(status, waited=waited) == code


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0 s"),
        (0.0, "0 s"),
        (0.2143, "0.21 s"),
        (9.96, "10 s"),
        (41.4, "41 s"),
        (840.0, "14 min"),
        (7200.0, "2 h"),
        (259_200.0, "3 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """Two digits are enough to read."""
    assert duration(seconds) == text


def test_numbers_and_lists() -> None:
    """As one would say them."""
    assert [counted(1, "secret"), counted(1204, "secret")] == [
        "1 secret",
        "1,204 secrets",
    ]
    assert [listed([]), listed(["a"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a, b and c",
    ]


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_remedy(cause: Cause) -> None:
    """Who must act, and how; of a cause that is not known, nothing is made up."""
    assert ": " in remedy(cause)
    assert remedy("OF_TOMORROW") == ""


def test_colour_only_adds() -> None:
    """It stands at the beginnings of lines; without it the text is the same."""
    text = "  + create   a\n  ! held     b\nNo changes. c\n- no mark"
    coloured = painted(text)

    assert coloured == (
        "\x1b[32m  + create\x1b[0m   a\n"
        "\x1b[1;31m  ! held\x1b[0m     b\n"
        "\x1b[1;32mNo changes.\x1b[0m c\n"
        "- no mark"
    )


@pytest.mark.parametrize(
    ("env", "is_terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_who_wants_colour(env: dict[str, str], is_terminal: bool, wanted: bool) -> None:
    """Terminals do, unless somebody says no."""
    assert wants_colour(env, is_terminal=is_terminal) == wanted
