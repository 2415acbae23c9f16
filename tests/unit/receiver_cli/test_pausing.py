"""``pause`` and ``resume`` on the command line."""

from __future__ import annotations

import json

import pytest

from receiver.cli import app
from receiver.terminal.pause_text import pause_text, resume_text
from tests.unit.receiver_cli.conftest import Command, Receiver
from vault_audit_forwarder.program import command_line

Captured = pytest.CaptureFixture[str]

HYBRID = {
    "rule": "hybrid",
    "reason": "key rotation\x1b[2J",
    "by": "oncall",
    "since": "2026-11-23T10:00:11.000Z",
    "until": "2026-11-23T14:00:11.000Z",
}
ALL = {**HYBRID, "rule": None, "reason": "audit", "by": "lead"}


class TestText:
    def test_paused(self) -> None:
        """What, until when, by whom, and what ends it; nothing moves the cursor."""
        answer = {
            "pause": HYBRID,
            "paused": [HYBRID],
            "still_writing": False,
            "dry_run": False,
        }
        assert pause_text(answer) == (
            """\
Paused: rule hybrid until 2026-11-23 14:00:11Z, by oncall: key rotation\\x1b[2J
Events go on to queue, and nothing is written to AWS. To end it earlier:
  vault-replicator resume --rule hybrid"""
        )
        assert pause_text({**answer, "still_writing": True}).endswith(
            "A write that had begun before has not ended yet."
        )
        assert pause_text({**answer, "dry_run": True}).startswith("Would be paused: ")

    def test_one_secret(self) -> None:
        """What ends it can be pasted."""
        one = {"namespace": "team", "mount": "kv", "path": "app/d b"}
        answer = {
            "pause": {**HYBRID, **one},
            "paused": [],
            "still_writing": False,
            "dry_run": False,
        }
        first, _, last = pause_text(answer).splitlines()

        assert first.startswith("Paused: team/kv/app/d b under rule hybrid until ")
        command = "vault-replicator resume 'kv/app/d b' --namespace team --rule hybrid"
        assert last.strip() == command

    def test_resumed(self) -> None:
        """What ended, and what is paused still."""
        answer = {"resumed": [HYBRID], "paused": [ALL], "dry_run": False}

        first, second = resume_text(answer).splitlines()
        assert first.startswith("Resumed: rule hybrid until ")
        assert second == (
            "Still paused: all rules until 2026-11-23 14:00:11Z, by lead: audit"
        )
        both = {"resumed": [HYBRID], "paused": [HYBRID], "dry_run": True}
        assert resume_text(both).startswith("Would be resumed: rule hybrid")
        assert "Still" not in resume_text(both)
        nothing = {"resumed": [], "paused": [], "dry_run": False}
        assert resume_text(nothing) == "Nothing to resume: nothing is paused."


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["pause", "--all", "--for", "4h"], "--reason"),
        (["pause", "--all", "--reason", "r"], "--for"),
        (["pause", "--for", "4h", "--reason", "r"], "say which"),
        (["resume"], "say which"),
        (["resume", "--all", "--rule", "r"], "say which"),
    ],
)
def test_wrong_usage(argv: list[str], says: str, capsys: Captured) -> None:
    """Refused before anybody is asked."""
    assert command_line.run(app, argv, prog="vault-replicator") == 1
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""


@pytest.mark.integration
class TestAgainstAReceiver:
    def test_pause_and_resume(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """The receiver is paused and resumed; both say what they did."""
        pause = ["pause", "--rule", "hybrid", "--reason", "keys", "--for", "4h"]
        assert command(*pause) == 0
        assert receiver.world.pauses.of("hybrid") is not None
        assert receiver.world.pauses.of("team") is None
        assert capsys.readouterr().out.startswith("Paused: rule hybrid until ")

        assert command("resume", "--rule", "hybrid") == 0
        assert receiver.world.pauses.of("hybrid") is None
        assert capsys.readouterr().out.startswith("Resumed: rule hybrid until ")

    def test_json_of_a_dry_run(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """The receiver's document, and nothing is paused."""
        argv = ["--all", "--reason", "keys", "--for", "4h", "--dry-run", "--json"]
        assert command("pause", *argv) == 0
        document = json.loads(capsys.readouterr().out)

        assert document["format_version"] == 1
        assert document["pause"]["rule"] is None
        assert receiver.world.pauses.standing() == []

    def test_what_the_receiver_refuses(
        self, command: Command, capsys: Captured
    ) -> None:
        """Which field it is, and why."""
        argv = ["pause", "--all", "--reason", "keys", "--for", "30d"]

        assert command(*argv) == 1
        assert "for: must be between 1s and 7d" in capsys.readouterr().err

    def test_sync_says_so(self, command: Command, capsys: Captured) -> None:
        """Exit code 3, who paused it and why, and what goes on by itself."""
        command("pause", "--all", "--reason", "keys", "--for", "4h")
        capsys.readouterr()

        assert command("sync", "kv/app/db", "--wait", "30s") == 3
        said = capsys.readouterr().out
        assert said.startswith("kv/app/db: pending: paused by oncall until ")
        assert ": keys [PAUSED]\n" in said
        assert command("sync", "kv/app/db") == 0
        assert "queued; paused by oncall" in capsys.readouterr().out

    def test_reconcile_says_so(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """Exit code 4, and how many wait."""
        receiver.comparisons.the_run["paused"] = 3

        assert command("reconcile") == 4
        assert "3 waiting for the end of a pause" in capsys.readouterr().out
