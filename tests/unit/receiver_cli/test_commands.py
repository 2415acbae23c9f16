"""The commands against the real application on a socket: output, order, exit code."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from typing import Any

import pytest

from receiver.core.scope import Scope
from receiver.core.state import Decision, SecretRef, State
from receiver.core.wish import Wish
from receiver.demo.child import isolated
from tests.unit.receiver_cli import documents
from tests.unit.receiver_cli.conftest import Command, Receiver
from tests.unit.receiver_cli.documents import change, plan

pytestmark = pytest.mark.integration

Captured = pytest.CaptureFixture[str]


def on_terminal(
    receiver: Receiver, *argv: str, types: str = "", **env: str
) -> tuple[int, str]:
    """A command as a process with a terminal: its exit code, and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "receiver", *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=isolated(os.environ)
        | {"COLUMNS": "300", "TERM": "dumb"}
        | receiver.environment
        | env,
    )
    os.close(theirs)
    os.write(ours, types.encode())
    screen = b""
    try:
        while data := os.read(ours, 65536):
            screen += data
    except OSError:
        pass  # how Linux tells that nobody holds the terminal any more
    os.close(ours)
    return process.wait(30), screen.decode().replace("\r\n", "\n")


class TestPlan:
    def test_text(self, receiver: Receiver, command: Command, capsys: Captured) -> None:
        """The scope goes to the receiver; the plan to stdout; exit code 2."""
        receiver.comparisons.the_plan = plan(change("create", "a", to="v1"))

        assert command("plan", "--rule", "hybrid", "--path", "app/**") == 2
        assert receiver.comparisons.asked == [Scope(rule="hybrid", path="app/**")]
        said = capsys.readouterr()
        assert "  + create   hybrid-aws-secrets/a   v1\n" in said.out
        assert "Next:" not in said.out
        assert said.err == ""

    def test_json_is_the_document(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """One document, as the receiver gave it."""
        assert command("plan", "--json") == 0
        assert json.loads(capsys.readouterr().out) == receiver.comparisons.the_plan

    def test_markdown(self, command: Command, capsys: Captured) -> None:
        """For a pull request."""
        assert command("plan", "--format", "markdown") == 0
        assert capsys.readouterr().out.startswith("### Secrets of vault-prod: ")

    def test_a_person_is_told_what_is_next(self, receiver: Receiver) -> None:
        """On a terminal, but not where CI is set."""
        receiver.comparisons.the_plan = plan(change("create", "a", to="v1"))
        code, screen = on_terminal(receiver, "plan", CI="")
        _, automated = on_terminal(receiver, "plan", CI="true")

        assert code == 2
        assert "Next: vault-replicator reconcile --if-plan 7f3a9c41d2e0\n" in screen
        assert "Next:" not in automated


class TestReconcile:
    def test_converged(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """What was asked for, what was done, exit code 0."""
        receiver.comparisons.the_run = documents.run(done={"create": 3})

        assert command("reconcile", "--rule", "hybrid", "--prune") == 0
        assert receiver.comparisons.asked == [
            Wish(scope=Scope(rule="hybrid"), prune=True, by="oncall")
        ]
        assert capsys.readouterr().out == (
            "Converged: 3 created; 412 compared in 12 s.\n"
        )

    def test_json(self, receiver: Receiver, command: Command, capsys: Captured) -> None:
        """One document with format_version, also when the exit code is another."""
        receiver.comparisons.the_run = documents.run(held=2)

        assert command("reconcile", "--json") == 4
        document = json.loads(capsys.readouterr().out)
        assert document == {"format_version": 1, **documents.run(held=2)}

    def test_force_carries_out_a_plan_that_was_seen(
        self, receiver: Receiver, command: Command
    ) -> None:
        """With its id nobody is asked."""
        plan_id = receiver.comparisons.the_plan["id"]

        assert command("reconcile", "--if-plan", plan_id, "--force") == 0
        assert receiver.comparisons.asked == [
            Wish(if_plan=plan_id, force=True, by="oncall")
        ]

    def test_force_needs_somebody_who_has_seen_it(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """Without a terminal nobody could have."""
        assert command("reconcile", "--force") == 1
        assert "--force needs --if-plan" in capsys.readouterr().err
        assert receiver.comparisons.asked == []

    @pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
    def test_force_on_a_terminal_shows_the_plan_and_asks(
        self, receiver: Receiver, answer: str, code: int
    ) -> None:
        """Yes is exactly that plan; no is nothing."""
        receiver.comparisons.the_plan = plan(change("held", "a", cause="BRAKE"))
        ended, screen = on_terminal(
            receiver, "reconcile", "--force", "--rule", "hybrid", types=answer
        )
        asked = [one for one in receiver.comparisons.asked if isinstance(one, Wish)]

        assert ended == code
        assert "! held   hybrid-aws-secrets/a" in screen
        wish = Wish(
            scope=Scope(rule="hybrid"),
            if_plan="7f3a9c41d2e0",
            force=True,
            by="oncall",
        )
        assert asked == ([wish] if code == 0 else [])

    def test_ctrl_c_leaves_the_run_alone(self, receiver: Receiver) -> None:
        """Exit code 130, and what goes on is said."""
        receiver.comparisons.the_run = documents.run(state="comparing")
        process = subprocess.Popen(
            [sys.executable, "-m", "receiver", "reconcile"],
            stderr=subprocess.PIPE,
            text=True,
            env=isolated(os.environ) | receiver.environment,
        )
        assert receiver.comparisons.looked_at.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)

        assert process.returncode == 130
        assert said == "not waited for any longer; the receiver goes on\n"


class TestSync:
    def test_queued(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """Without --wait it is only asked for: exit code 0."""
        assert command("sync", "kv/data/app/db", "--version", "7") == 0
        assert capsys.readouterr().out == "kv/data/app/db: queued\n"
        (hint,) = receiver.world.queue.hints
        assert (hint.ref, hint.version) == (SecretRef("", "kv", "app/db"), 7)

    def test_there(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """The version is in AWS already: exit code 0."""
        receiver.world.enter(
            "app/db", version=7, checked_at=receiver.world.clock.now() + 60, lag=0.2
        )
        code = command("sync", "kv/app/db", "--version", "7", "--wait", "30s")

        assert code == 0
        assert capsys.readouterr().out == (
            "kv/app/db: v7 is in AWS as kv/app/db, 0.2 s after it was written\n"
        )

    def test_not_in_time(self, command: Command, capsys: Captured) -> None:
        """Nobody works on it here: exit code 4, and it stays queued."""
        assert command("sync", "kv/app/db", "--wait", "500ms") == 4
        assert "not in AWS in time; it stays queued" in capsys.readouterr().out

    def test_parked(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """Exit code 3, with the cause and who must act; the same in JSON."""
        world = receiver.world
        long_name = "x" * 600
        argv = ["sync", f"kv/{long_name}", "--wait", "1s"]

        assert command(*argv) == 3
        assert "[NAME_IMPOSSIBLE]\n  do  secret's owner: " in capsys.readouterr().out
        assert command(*argv, "--json") == 3
        document = json.loads(capsys.readouterr().out)
        assert document["format_version"] == 1
        assert document["cause"] == "NAME_IMPOSSIBLE"
        assert world.journal.known(SecretRef("", "kv", long_name)) == []

    def test_a_duration_needs_its_unit(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """A usage error, before anything is asked for."""
        assert command("sync", "kv/app/db", "--wait", "60") == 1
        assert "--wait must be a duration with its unit" in capsys.readouterr().err
        assert receiver.world.queue.hints == []


class TestStatusAndList:
    def test_well(self, command: Command, capsys: Captured) -> None:
        """Exit code 0, verdict first."""
        assert command("status") == 0
        assert capsys.readouterr().out.startswith(
            "WELL  0 secrets are in sync.   vault-"
        )

    def test_needs_you(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """Exit code 2; the document is the receiver's."""
        receiver.world.enter("a", State.CONFLICT, cause="CONFLICT_FOREIGN")

        assert command("status") == 2
        assert "vault-replicator adopt kv/a" in capsys.readouterr().out
        assert command("status", "--json") == 2
        document = json.loads(capsys.readouterr().out)
        assert (document["format_version"], document["verdict"]) == (1, "needs_you")

    def test_list(self, receiver: Receiver, command: Command, capsys: Captured) -> None:
        """What is in the state, and nothing else."""
        receiver.world.enter("a", State.PARKED, cause="KMS_DENIED", detail="no key")
        receiver.world.enter("b")

        assert command("list", "--state", "parked") == 0
        assert capsys.readouterr().out == (
            "SECRET   STATE    VERSION   CAUSE        NAME IN AWS   DETAIL\n"
            "kv/a     parked             KMS_DENIED                 no key\n"
        )

    def test_an_empty_list_is_good_news(
        self, command: Command, capsys: Captured
    ) -> None:
        """One sentence."""
        assert command("list", "--state", "parked") == 0
        assert capsys.readouterr().out == "Nothing is parked.\n"

    def test_a_long_list_is_capped(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """As many as asked for, over pages if need be; then that there are more."""
        for number in range(1203):
            receiver.world.enter(f"app/{number:04d}")

        assert command("list", "--limit", "1201") == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 1 + 1201 + 1
        assert lines[-1] == "These are the first 1,201; --limit shows more."
        assert command("list", "--limit", "2000", "--json") == 0
        document = json.loads(capsys.readouterr().out)
        assert len(document["items"]) == 1203
        assert (document["format_version"], document["next"]) == (1, None)

    def test_an_unknown_state(self, command: Command, capsys: Captured) -> None:
        """A usage error that names the states."""
        assert command("list", "--state", "lost") == 1
        assert "conflict" in capsys.readouterr().err


def decided(receiver: Receiver) -> dict[str, Decision | None]:
    """What was decided, by path."""
    entries = receiver.world.journal.entries()
    return {entry.ref.path: entry.decision for entry in entries}


class TestDecisions:
    def test_one_is_not_asked_about(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """Who names a secret means it."""
        receiver.world.enter("a", State.CONFLICT, cause="CONFLICT_FOREIGN")

        assert command("adopt", "kv/a") == 0
        assert decided(receiver) == {"a": Decision.ADOPT}
        assert capsys.readouterr().out == (
            "1 secret is being adopted:\n  kv/a   conflict   CONFLICT_FOREIGN\n"
        )

    def test_a_dry_run_decides_nothing(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """It shows what would be concerned."""
        receiver.world.enter("a", State.CONFLICT, cause="CONFLICT_FOREIGN")

        assert command("adopt", "--rule", "hybrid", "--dry-run") == 0
        assert decided(receiver) == {"a": None}
        assert capsys.readouterr().out.startswith("1 secret would be adopted:\n")

    @pytest.mark.parametrize(
        "choice", [["--all"], ["--rule", "hybrid"], ["--cause", "KMS_DENIED"]]
    )
    def test_many_need_a_yes(
        self, receiver: Receiver, command: Command, capsys: Captured, choice: list[str]
    ) -> None:
        """Where nobody can be asked, it must be said beforehand."""
        for path in ("a", "b"):
            receiver.world.enter(path, State.PARKED, cause="KMS_DENIED")

        assert command("release", *choice) == 1
        assert "--yes is needed" in capsys.readouterr().err
        assert set(decided(receiver).values()) == {None}

        assert command("release", *choice, "--yes") == 0
        assert set(decided(receiver).values()) == {Decision.RELEASE}

    @pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
    def test_a_person_is_asked(
        self, receiver: Receiver, answer: str, code: int
    ) -> None:
        """With the count and the secrets in view."""
        for path in ("a", "b"):
            receiver.world.enter(path, State.CONFLICT, cause="CONFLICT_FOREIGN")
        ended, screen = on_terminal(receiver, "adopt", "--all", types=answer)

        assert ended == code
        assert "2 secrets would be adopted:\n  kv/a   conflict" in screen
        assert "Adopt these 2 secrets?" in screen
        wanted = Decision.ADOPT if code == 0 else None
        assert set(decided(receiver).values()) == {wanted}

    def test_one_path_with_two_names_needs_a_yes_too(
        self, receiver: Receiver, command: Command, capsys: Captured
    ) -> None:
        """It is about two secrets in AWS."""
        receiver.world.enter("a")
        receiver.world.enter("a", rule="former", name="former/a")

        assert command("release", "kv/a") == 1
        assert "more than one secret: say --yes" in capsys.readouterr().err
        assert command("release", "kv/a", "--yes") == 0
        assert len(capsys.readouterr().out.splitlines()) == 3

    def test_retry(self, receiver: Receiver, command: Command) -> None:
        """What is parked is queued again."""
        receiver.world.enter("a", State.PARKED, cause="KMS_DENIED")

        assert command("retry", "--cause", "KMS_DENIED", "--yes") == 0
        assert [hint.ref.path for hint in receiver.world.queue.hints] == ["a"]

    def test_nothing_to_do_is_no_error(
        self, command: Command, capsys: Captured
    ) -> None:
        """And is said."""
        assert command("adopt", "--all", "--yes") == 0
        assert capsys.readouterr().out.startswith("Nothing to adopt: ")

    def test_json(self, receiver: Receiver, command: Command, capsys: Captured) -> None:
        """The receiver's answer, one document."""
        receiver.world.enter("a", State.CONFLICT)

        assert command("adopt", "kv/a", "--json") == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert document["format_version"] == 1
        assert document["count"] == len(document["items"]) == 1

    @pytest.mark.parametrize("what", ["retry", "adopt", "release"])
    def test_something_must_be_chosen(
        self, command: Command, capsys: Captured, what: str
    ) -> None:
        """A bare command is nobody's wish for everything."""
        assert command(what) == 1
        assert "MOUNT/PATH, --rule, --cause or --all" in capsys.readouterr().err

    def test_json_errors(self, command: Command, capsys: Captured) -> None:
        """One document on stderr, with what a program can act upon."""
        assert command("adopt", "--rule", "nonsense", "--yes", "--json") == 1
        said = capsys.readouterr()

        assert said.out == ""
        document: dict[str, Any] = json.loads(said.err)
        assert document["error"] == "the receiver answers 422"
        assert document["why"] == "rule: is no rule"
        assert document["field"] == "rule"
        assert document["where"].endswith("/v1/adopt")


class TestExplain:
    def test_text(self, receiver: Receiver, command: Command, capsys: Captured) -> None:
        """The verdict first, on stdout."""
        assert command("explain", "kv/tmp/x") == 0
        said = capsys.readouterr()

        assert said.out.startswith("NOT REPLICATED: ")
        assert "(EXCLUDED)" in said.out
        assert said.err == ""

    def test_json(self, command: Command, capsys: Captured) -> None:
        """One document, as the receiver gave it."""
        assert command("explain", "old/a", "--namespace", "team", "--json") == 0
        document = json.loads(capsys.readouterr().out)

        assert document["format_version"] == 1
        assert document["namespace"] == "team"
        assert document["cause"] == "NOT_IN_VAULT"

    def test_what_is_no_secret(self, command: Command, capsys: Captured) -> None:
        """Is an error that says what is missing."""
        assert command("explain", "kv") == 1
        assert "must be MOUNT/PATH" in capsys.readouterr().err
