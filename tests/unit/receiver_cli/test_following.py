"""Following a run until it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.progress import Progress

from receiver.commands.following import looks
from receiver.commands.progress import Bar, Lines
from receiver.remote import Refusal, Unreachable
from receiver.terminal.failure import Failure
from tests.unit.receiver_cli.documents import run
from vault_audit_forwarder.program.errors import CommandError


def script(*answers: dict[str, Any] | Exception) -> Callable[[], dict[str, Any]]:
    """Gives these answers, one at each look."""
    rest: Iterator[dict[str, Any] | Exception] = iter(answers)

    def look() -> dict[str, Any]:
        answer = next(rest)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look


def nothing() -> None:
    """A pause that takes no time."""


def test_until_it_ends() -> None:
    """Every look is shown, the last one is of the end."""
    states = ["waiting", "comparing", "applying", "failed"]
    look = script(*(run(state=state) for state in states))

    assert [seen["state"] for seen in looks(look, nothing)] == states


def test_a_short_failure_of_the_network_ends_nothing() -> None:
    """The run goes on meanwhile, and so do we."""
    look = script(
        run(state="applying"), *[Unreachable(Failure("gone"))] * 20, run(state="done")
    )

    assert [seen["state"] for seen in looks(look, nothing)] == ["applying", "done"]


def test_short_failures_are_not_added_up() -> None:
    """Each look that succeeds begins the count anew."""
    gone = [Unreachable(Failure("gone"))] * 15
    look = script(
        run(state="applying"), *gone, run(state="applying"), *gone, run(state="done")
    )

    assert len(list(looks(look, nothing))) == 3


def test_a_long_one_does() -> None:
    """Nobody is left waiting for ever."""
    with pytest.raises(Unreachable):
        list(looks(script(*[Unreachable(Failure("gone"))] * 21), nothing))


def test_a_restarted_receiver_knows_no_runs() -> None:
    """That is said, instead of a bare 404."""
    with pytest.raises(CommandError, match="was restarted"):
        list(looks(script(Refusal(Failure("no such run"), 404)), nothing))


def test_another_refusal_is_told_as_it_is() -> None:
    """A token that was taken away meanwhile, for one."""
    with pytest.raises(Refusal, match="the token"):
        list(looks(script(Refusal(Failure("the token"), 401)), nothing))


def test_a_line_every_ten_seconds() -> None:
    """And none for the end, which has a text of its own."""
    seconds = [100.0]
    lines: list[str] = []
    show = Lines(lines.append, lambda: seconds[0])
    for after in (0.0, 9.9, 10.0, 15.0, 20.5):
        seconds[0] = 100.0 + after
        show(run(state="comparing"))
    seconds[0] = 200.0
    show(run(state="done"))

    assert lines == [
        "[0:10] comparing both sides, 4 to do so far",
        "[0:20] comparing both sides, 4 to do so far",
    ]


def test_the_bar_fills() -> None:
    """Without an end while it compares, then with what remains."""
    bars = Progress()
    bar = Bar(bars)
    (task,) = bars.tasks

    bar(run(state="comparing"))
    assert (task.description, task.total) == ("comparing", None)

    bar(run(state="applying", queued=40, remaining=30))
    assert (task.description, task.total, task.completed) == ("applying", 40, 10)
