"""``list --watch``: a line for each change, and none for what stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from receiver.commands.watching import Items, watched
from receiver.core.state import State
from receiver.demo.child import isolated
from receiver.remote import Unreachable
from receiver.terminal.failure import Failure
from receiver.terminal.secrets_text import change_lines
from tests.unit.receiver_cli.conftest import Command, Receiver
from tests.unit.receiver_cli.documents import MOUNT, NOW, item

A = item("a", "parked", cause="KMS_DENIED")


def script(*looks: Items | Exception) -> Callable[[], Items]:
    """One after the other."""
    left = iter(looks)

    def look() -> Items:
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return one

    return look


def gone_wrong() -> Unreachable:
    return Unreachable(Failure("the receiver cannot be reached"))


def told(*looks: Items | Exception, many: int) -> list[tuple[Items, Items]]:
    found = watched(script(*looks), lambda: None, lambda _: None)
    return list(islice(found, many))


def test_all_at_first_then_what_changes() -> None:
    """New, changed and gone; what is the same is not told again."""
    b, other = item("b", "parked"), {**A, "cause": "AWS_DENIED"}
    slower = {**A, "lag_seconds": 5.0}

    assert told([A], [slower], [slower, b], [other, b], [b], many=5) == [
        ([A], []),
        ([], []),
        ([b], []),
        ([other], []),
        ([], [other]),
    ]


def test_a_receiver_that_is_away() -> None:
    """It is told once each time, and looked for until it is back."""
    lost: list[Any] = []
    looks = script([A], gone_wrong(), gone_wrong(), [A], gone_wrong(), [A])
    found = list(islice(watched(looks, lambda: None, lost.append), 3))

    assert found == [([A], []), ([], []), ([], [])]
    assert len(lost) == 2


def test_a_receiver_that_was_never_there() -> None:
    """The address may be wrong: that is an error."""
    with pytest.raises(Unreachable):
        told(gone_wrong(), many=1)


def test_lines() -> None:
    """Each opens with the time."""
    assert change_lines([A], [item("b", "parked")], NOW) == [
        f"10:04:11Z  {MOUNT}/a   parked           KMS_DENIED",
        f"10:04:11Z  {MOUNT}/b   listed no more",
    ]
    assert change_lines([], [], NOW) == []


@pytest.mark.integration
class TestAgainstAReceiver:
    def test_until_interrupted(self, receiver: Receiver) -> None:
        """A change is told within a moment; Ctrl-C ends it with 130."""
        receiver.world.enter("a", State.PARKED, cause="KMS_DENIED")
        command = [sys.executable, "-m", "receiver", "list", "--watch"]
        environment = isolated(os.environ) | receiver.environment
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as watching:
            assert watching.stdout is not None
            assert "kv/a   parked" in watching.stdout.readline()
            receiver.world.enter("b", State.PARKED, cause="KMS_DENIED")
            assert "kv/b   parked" in watching.stdout.readline()
            watching.send_signal(signal.SIGINT)

            assert watching.wait(30) == 130

    def test_not_as_json(
        self, command: Command, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A document has an end."""
        assert command("list", "--watch", "--json") == 1
        assert "--watch" in capsys.readouterr().err
