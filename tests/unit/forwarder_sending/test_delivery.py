"""The decision about an answer, one row for each rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault_audit_forwarder.delivery import (
    Answer,
    Delivered,
    Halve,
    SetAside,
    Wait,
    decide,
    parse_retry_after,
)

NOW = 1_795_000_000.0  # 2026-11-18T11:06:40Z


def judge(answer: Answer, *, size: int = 3, attempt: int = 0) -> object:
    return decide(answer, size=size, attempt=attempt, now=NOW, jitter=0.5)


def test_only_202_is_taken() -> None:
    """The receiver says it only when the work is durable."""
    assert judge(Answer(202)) == Delivered()


@pytest.mark.parametrize("status", [200, 201, 204, 206])
def test_other_successes_are_not_believed(status: int) -> None:
    """A proxy's friendly page is no receipt."""
    assert isinstance(judge(Answer(status)), Wait)


def test_too_large_is_halved_down_to_one_which_is_set_aside() -> None:
    """A single event that is too large can never be delivered."""
    assert judge(Answer(413), size=2) == Halve()
    assert judge(Answer(413), size=1) == SetAside(0, "413: too large for the receiver")


@pytest.mark.parametrize("index", [0, 2])
def test_the_event_that_a_422_names_is_set_aside(index: int) -> None:
    """That one alone."""
    assert judge(Answer(422, index=index)) == SetAside(
        index, "422: the receiver cannot read it"
    )


@pytest.mark.parametrize("index", [None, -1, 3, 10**9])
def test_a_422_that_names_none_of_ours_keeps_all(index: int | None) -> None:
    """Nobody's guess decides which event to give up."""
    assert isinstance(judge(Answer(422, index=index)), Wait)


@pytest.mark.parametrize(
    "status",
    [301, 302, 307, 308, 400, 401, 403, 404, 405, 408, 410, 415, 429, 500, 502, 503],
)
def test_faults_of_the_installation_keep_everything(status: int) -> None:
    """Somebody will repair them; the words say where to look."""
    decision = judge(Answer(status, index=0))

    assert isinstance(decision, Wait)
    assert decision.why.startswith(f"{status}: ")


def test_silence_keeps_everything() -> None:
    """The reason of the connection is passed on."""
    decision = judge(Answer(None, problem="ConnectTimeout"))

    assert isinstance(decision, Wait)
    assert decision.why == "no answer: ConnectTimeout"


@given(
    status=st.one_of(st.none(), st.integers(100, 599)),
    index=st.one_of(st.none(), st.integers()),
    size=st.integers(1, 1000),
    attempt=st.integers(0, 10**6),
    jitter=st.floats(0, 1, exclude_max=True),
    retry_after=st.one_of(st.none(), st.text()),
)
def test_whatever_comes_back_there_is_a_sane_decision(
    status: int | None,
    index: int | None,
    size: int,
    attempt: int,
    jitter: float,
    retry_after: str | None,
) -> None:
    """No answer raises, waits for nothing or for ever, or names a foreign event."""
    answer = Answer(status, index=index, retry_after=retry_after)
    decision = decide(answer, size=size, attempt=attempt, now=NOW, jitter=jitter)

    if isinstance(decision, Wait):
        assert 0.1 <= decision.seconds <= 300
    elif isinstance(decision, SetAside):
        assert 0 <= decision.index < size
        assert status in (413, 422)


@pytest.mark.parametrize(
    ("status", "attempt", "seconds"),
    [
        (None, 0, 0.1),  # never below the first wait, whatever the jitter
        (None, 1, 0.15),
        (None, 3, 0.6),
        (None, 50, 3.75),
        (503, 50, 3.75),
        (401, 3, 0.6),
        (401, 50, 45.0),
        (302, 50, 45.0),
        (410, 0, 300.0),
    ],
)
def test_waits_grow_to_their_cap(
    status: int | None, attempt: int, seconds: float
) -> None:
    """5 s where the receiver may come back any moment, a minute where it refuses."""
    decision = judge(Answer(status), attempt=attempt)

    assert isinstance(decision, Wait)
    assert decision.seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("86400", 300.0),
        ("Wed, 18 Nov 2026 11:07:10 GMT", 30.0),
        ("Wed, 18 Nov 2026 09:00:00 GMT", 0.0),
        ("Wed, 18 Nov 2099 09:00:00 GMT", 300.0),
        ("soon", None),
        ("-1", None),
        ("\u0667", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_both_forms(header: str | None, seconds: float | None) -> None:
    """Seconds or a date, never longer than five minutes; nonsense is no header."""
    assert parse_retry_after(header, NOW) == seconds


def test_retry_after_wins_over_the_back_off() -> None:
    """A busy receiver knows best when to come again."""
    decision = judge(Answer(429, retry_after="2"), attempt=50)

    assert isinstance(decision, Wait)
    assert decision.seconds == 2.0
