"""When the next comparison is due, and of which kind. No clock and no thread in here.

After a gap the next one begins no sooner than ten times the last one's duration
later; one that failed is tried again, each time later. All times are monotonic
seconds that the caller gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf

_MOST_AFTER_FAILURE = 60.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to compare. ``interval`` in seconds, None: only at start and after gaps.
    With ``thorough_first`` the first complete run is one with AWS. ``pause`` is the
    least and the most between two runs; ``v1_interval`` how often values are compared
    where there are no versions."""

    interval: float | None
    thorough_first: bool = True
    pause: tuple[float, float] = (2.0, 300.0)
    v1_interval: float = 21_600.0


class Turn(Enum):
    """A comparison with Vault alone, or with AWS too."""

    QUICK = "quick"
    FULL = "full"


class Timetable:
    """What is wanted, and from when on it may begin."""

    def __init__(self, schedule: Schedule, now: float, spread: float) -> None:
        """``spread``: as in :meth:`take`."""
        self._schedule = schedule
        self._wanted = {Turn.FULL if schedule.thorough_first else Turn.QUICK}
        self._not_before = now
        self._values_due = now
        self._next_full = self._following(now, spread)
        self.failed = 0

    def rest(self) -> None:
        """Nothing is due until something is wanted."""
        self._wanted.clear()
        self._next_full = inf

    def want(self, turn: Turn) -> None:
        """Something may have been missed."""
        self._wanted.add(turn)

    def due(self) -> float:
        """When the next turn may begin; infinite: not before something is wanted."""
        wanted = self._not_before if self._wanted else inf
        return min(self._next_full, wanted)

    def take(self, now: float, spread: float) -> Turn:
        """Begin what is due. A comparison with AWS finds what one with Vault alone
        would, too. ``spread`` in [0, 1) moves the next scheduled one by a tenth of
        the interval, so that many instances do not compare at once."""
        is_full = Turn.FULL in self._wanted
        if now >= self._next_full:
            self._next_full = self._following(now, spread)
            is_full = True
        self._wanted.clear()
        return Turn.FULL if is_full else Turn.QUICK

    def values_due(self, now: float) -> bool:
        """Whether values without versions are to be compared by a full one."""
        return now >= self._values_due

    def ended(self, turn: Turn, now: float, seconds: float, *, well: bool) -> None:
        """It took ``seconds``. When it failed, the same is wanted again."""
        if well:
            self.failed = 0
        else:
            self.failed += 1
            self._wanted.add(turn)
        self._not_before = now + self._pause(turn, seconds)

    def values_compared(self, began: float) -> None:
        """The values were compared by a run that began then."""
        self._values_due = began + self._schedule.v1_interval

    def _pause(self, turn: Turn, seconds: float) -> float:
        least, most = self._schedule.pause
        retry = least * 2.0 ** min(self.failed, 10) if self.failed else 0.0
        if turn is Turn.QUICK:
            retry = min(retry, _MOST_AFTER_FAILURE)
        return min(max(least, 10 * seconds, retry), most)

    def _following(self, now: float, spread: float) -> float:
        interval = self._schedule.interval
        return inf if interval is None else now + interval * (0.9 + 0.2 * spread)
