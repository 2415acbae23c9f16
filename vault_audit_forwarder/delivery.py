"""What the receiver's answer means for a batch: the whole decision, without I/O.

Only 202 means taken. Only what can never succeed is set aside, and only that: the one
event that a 422 names, or a single event that is too large. Everything else is a
fault of the installation, which somebody will repair: keep all, wait, say so. The
Standard Webhooks advice to give up on 410 is not followed: an audit forwarder that
gave up would be silent for good.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeAlias

_FIRST_WAIT = 0.1
#: A receiver that comes back must be served soon; one that refuses can wait.
_LONGEST_WAIT = 5.0
_LONGEST_WAIT_REFUSED = 60.0
_WAIT_GONE = 300.0
_LONGEST_RETRY_AFTER = 300.0


@dataclass(frozen=True)
class Answer:
    """What came back for a post. ``status`` is None when nothing did: see ``problem``.

    ``index``: the event that a 422 names. ``retry_after``: the header as it came.
    """

    status: int | None
    problem: str = ""
    retry_after: str | None = None
    index: int | None = None


class Posts(Protocol):
    """Sends encoded events as one batch. Failures are Answers, not exceptions."""

    def post(self, events: Sequence[bytes]) -> Answer:
        """Send now; returns what came back."""


@dataclass(frozen=True)
class Delivered:
    """The receiver holds the batch durably."""


@dataclass(frozen=True)
class Halve:
    """The batch is too large; send less at once."""


@dataclass(frozen=True)
class SetAside:
    """Event ``index`` of the batch can never be delivered; the rest can."""

    index: int
    reason: str


@dataclass(frozen=True)
class Wait:
    """Keep everything and try again in ``seconds``."""

    seconds: float
    why: str


Decision: TypeAlias = Delivered | Halve | SetAside | Wait


def decide(
    answer: Answer, *, size: int, attempt: int, now: float, jitter: float
) -> Decision:
    """Judge the answer to a batch of ``size`` events.

    ``attempt`` counts the failures in a row before this one, ``now`` is in seconds
    since 1970, ``jitter`` random in [0, 1).
    """
    if answer.status == 202:
        return Delivered()
    if answer.status == 413:
        return Halve() if size > 1 else SetAside(0, "413: too large for the receiver")
    index = answer.index
    if answer.status == 422 and index is not None and 0 <= index < size:
        return SetAside(index, "422: the receiver cannot read it")
    seconds = parse_retry_after(answer.retry_after, now)
    if seconds is None:
        seconds = _backoff(answer.status, attempt, jitter)
    return Wait(max(seconds, _FIRST_WAIT), explain(answer))


def parse_retry_after(header: str | None, now: float) -> float | None:
    """Seconds to wait, from either form of the header, at most 5 minutes.

    None when there is no header or it cannot be read.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text)
        else:
            seconds = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _backoff(status: int | None, attempt: int, jitter: float) -> float:
    if status == 410:
        return _WAIT_GONE
    refused = status is not None and status < 500
    longest = _LONGEST_WAIT_REFUSED if refused else _LONGEST_WAIT
    doublings = min(attempt, math.ceil(math.log2(longest / _FIRST_WAIT)))
    return min(longest, _FIRST_WAIT * 2.0**doublings) * (0.5 + jitter / 2)


_REMEDIES = {
    400: "the clocks of the two hosts differ, or something changes the request",
    401: "no key in signing_key_file is one of the receiver's",
    403: "something in front of the receiver refuses us",
    404: "receiver.url does not lead to /v1/events",
    405: "receiver.url does not lead to /v1/events",
    410: "the receiver says it is gone for good; it is asked every 5 minutes",
    415: "something in front of the receiver changes the content type",
    422: "the receiver cannot read the batch and does not say which event",
    429: "the receiver is busy",
    503: "the receiver cannot take more now",
}


def explain(answer: Answer) -> str:
    """The answer in words that say who should look where."""
    if answer.status is None:
        return f"no answer: {answer.problem}"
    if answer.status in _REMEDIES:
        return f"{answer.status}: {_REMEDIES[answer.status]}"
    if 300 <= answer.status < 400:
        return f"{answer.status}: a redirect is not followed; correct receiver.url"
    if answer.status < 300:
        return f"{answer.status}: only 202 means taken; is this the receiver?"
    return f"{answer.status}: the receiver or something in front of it failed"
