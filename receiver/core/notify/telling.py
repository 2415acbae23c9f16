"""When something is told: the first time at once, then in digests, and when it is over.

The decision compares what was told with what is true now, so nothing is queued up: who
could not be reached is told the truth of the moment once it works again. What was told
changes only when a message has gone out, and every time is given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from receiver.core.notify.trouble import Message, Severity, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often something is told, in seconds.

    ``digest``: what changed since it was told is told again no sooner. ``remind``:
    what did not change is told again. ``gap``: between two messages about something
    new. ``settle``: what is away for so long is over.
    """

    digest: float = 900.0
    remind: float = 14_400.0
    gap: float = 60.0
    settle: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One trouble: there since ``since``, last told as ``told`` (None: not yet), and
    away since ``gone`` (None: it is there). Times are epoch seconds."""

    since: float
    told: Trouble | None = None
    gone: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody knows. ``spoke`` is when the last message went out, ``pictured``
    when the last one that told of everything."""

    lines: Mapping[str, Line] = field(default_factory=dict)
    spoke: float = 0.0
    pictured: float = 0.0

    def without(self, prefix: str) -> Told:
        """As if nothing had been said of keys that begin so."""
        kept = {
            key: line for key, line in self.lines.items() if not key.startswith(prefix)
        }
        return replace(self, lines=kept)


@dataclass(frozen=True, slots=True)
class Decision:
    """The ``message`` to send, if any, and what is known then: ``sent`` when it went
    out, ``unsent`` when it did not."""

    message: Message | None
    sent: Told
    unsent: Told


def decide(
    told: Told,
    troubles: Iterable[Trouble],
    *,
    now: float,
    pace: Pace,
    unsure_before: float = 0.0,
) -> Decision:
    """What to tell now. It is too early to believe that something is over which was
    there since before ``unsure_before``."""
    current = {trouble.key: trouble for trouble in troubles}
    seen = _observe(told, current, now)
    message = Message(
        began=_began(seen, current, now, pace),
        lasting=_lasting(seen, current, now, pace),
        recovered=_recovered(seen, now, pace, unsure_before),
    )
    if message == Message():
        return Decision(None, seen, seen)
    return Decision(message, _after(seen, message, now), seen)


def _observe(told: Told, current: Mapping[str, Trouble], now: float) -> Told:
    """Since when each is there or away. Forgotten is what went before it was told."""
    lines = {}
    for key, line in told.lines.items():
        if key in current:
            lines[key] = replace(line, gone=None)
        elif line.told is not None:
            lines[key] = replace(line, gone=_earlier(line.gone, now))
    for key in current:
        lines.setdefault(key, Line(since=now))
    return replace(told, lines=lines)


def _earlier(then: float | None, now: float) -> float:
    """A clock that was set back must not keep anybody waiting."""
    return now if then is None else min(then, now)


def _began(
    seen: Told, current: Mapping[str, Trouble], now: float, pace: Pace
) -> tuple[Trouble, ...]:
    news = [
        trouble
        for key, trouble in current.items()
        if _is_news(seen.lines[key], trouble)
        and now - min(seen.lines[key].since, now) >= trouble.patience
    ]
    spoke_just_now = 0 <= now - seen.spoke < pace.gap
    return () if spoke_just_now and _known(seen) else tuple(news)


def _is_news(line: Line, trouble: Trouble) -> bool:
    if line.told is None:
        return True
    worse = trouble.severity is Severity.PAGE
    return worse and line.told.severity is not Severity.PAGE


def _known(seen: Told) -> Sequence[Line]:
    return [line for line in seen.lines.values() if line.told is not None]


def _lasting(
    seen: Told, current: Mapping[str, Trouble], now: float, pace: Pace
) -> tuple[Trouble, ...]:
    """All that was told and is there still, when it is time to say so again."""
    lasting = [
        trouble
        for key, trouble in current.items()
        if not _is_news(seen.lines[key], trouble)
    ]
    changed = any(seen.lines[trouble.key].told != trouble for trouble in lasting)
    age = now - min(seen.pictured, now)
    due = age >= (pace.digest if changed else pace.remind)
    return tuple(lasting) if due else ()


def _recovered(
    seen: Told, now: float, pace: Pace, unsure_before: float
) -> tuple[Trouble, ...]:
    return tuple(
        line.told
        for line in seen.lines.values()
        if line.told is not None
        and line.gone is not None
        and line.since >= unsure_before
        and now - line.gone >= pace.settle
    )


def _after(seen: Told, message: Message, now: float) -> Told:
    over = {trouble.key for trouble in message.recovered}
    lines = {key: line for key, line in seen.lines.items() if key not in over}
    for trouble in message.began + message.lasting:
        lines[trouble.key] = replace(lines[trouble.key], told=trouble)
    whole = bool(message.lasting) or not _known(seen)
    return Told(lines=lines, spoke=now, pictured=now if whole else seen.pictured)
