"""While somebody has said so, nothing is written to AWS, under one rule or under all.

Asked before a round reads anything, and again around each single write. A pause is on
disk before anybody is told of it, and nothing is being written any more when
:meth:`Pauses.begin` returns. What it holds up waits in the queue, due when the pause is
over, and at once when somebody resumes. Ends are measured on the monotonic clock: a
wall clock that jumps ends no pause and prolongs none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import NamedTuple, Protocol

from receiver.core.causes import Cause, Temporary
from receiver.core.pause import Pause, Subject, lifted_by
from receiver.core.state import SecretRef

#: Work that comes back a moment too early is turned away again.
_MARGIN = 0.05


class KeptPauses(Protocol):
    """Where they outlive the process. Raises JournalUnavailable."""

    def all(self) -> list[Pause]:
        """Every one that was not dropped, whether or not its time is over."""

    def keep(self, pause: Pause) -> None:
        """Durably, in the place of an earlier one about the same."""

    def drop(self, subjects: Iterable[Subject]) -> None:
        """Those that are about just these."""


class _Standing(NamedTuple):
    pause: Pause
    ends: float  # on the monotonic clock


class Pauses:
    """All that stand. Safe to use from every thread; also a worker's Watcher."""

    def __init__(
        self,
        kept: KeptPauses,
        *,
        let_go: Callable[[], object],
        longest_write: float,
        now: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        """``let_go`` makes what a pause held up due at once, beginning with what a
        former process left; ``longest_write`` is how long one call of AWS can take,
        in seconds. Raises JournalUnavailable and QueueUnavailable."""
        self._kept = kept
        self._let_go = let_go
        self._longest_write = longest_write
        self._steady = steady
        self._turn = Condition()
        self._writing: Counter[tuple[str, SecretRef]] = Counter()
        self._held_up: dict[SecretRef, str] = {}
        at = now()
        self._standing = {
            pause.subject: _Standing(pause, steady() + pause.left(at))
            for pause in kept.all()
        }
        let_go()

    def standing(self) -> list[Pause]:
        """Those whose time is not over, that of all rules first."""
        with self._turn:
            found = [one.pause for one in self._now_standing()]
        return sorted(found, key=lambda pause: (pause.rule or "", str(pause.ref or "")))

    def of(self, rule: str, ref: SecretRef | None = None) -> Pause | None:
        """What holds ``ref`` under ``rule``, or without ``ref`` all of the rule; of
        several, what holds it longest."""
        with self._turn:
            one = self._longest(rule, ref)
        return one.pause if one else None

    def begin(self, pause: Pause) -> bool:
        """From now on write nothing that it is about. Returns when what was being
        written is done, whether all of it was in time. Raises JournalUnavailable, and
        QueueUnavailable: the pause stands then."""
        self._kept.keep(pause)
        with self._turn:
            ends = self._steady() + pause.left(pause.since)
            is_changed = self._standing.get(pause.subject) is not None
            self._standing[pause.subject] = _Standing(pause, ends)
            is_quiet = self._turn.wait_for(
                lambda: not any(pause.holds(*one) for one in +self._writing),
                timeout=self._longest_write,
            )
        if is_changed:
            self._let_go()  # what waits for the old end is to wait for the new one
        return is_quiet

    def end(self, subject: Subject) -> list[Pause]:
        """Resume it; returns the pauses that this ended. Raises JournalUnavailable, and
        QueueUnavailable: then what waits goes on later."""
        lifted = lifted_by(self.standing(), subject)
        self._kept.drop([pause.subject for pause in lifted])
        with self._turn:
            for pause in lifted:
                self._standing.pop(pause.subject, None)
        if lifted:
            self._let_go()
        return lifted

    def check(self, rule: str, ref: SecretRef) -> None:
        """Raises Temporary, until the end of the pause, while ``rule`` is paused."""
        with self._turn:
            self._check(rule, ref)

    @contextmanager
    def writing(self, rule: str, ref: SecretRef) -> Iterator[None]:
        """For the time of one write. Raises Temporary instead while paused."""
        with self._turn:
            self._check(rule, ref)
            self._writing[rule, ref] += 1
        try:
            yield
        finally:
            with self._turn:
                # Counted down to none it is forgotten: there are many secrets.
                self._writing -= Counter([(rule, ref)])
                self._turn.notify_all()

    def changed(self, ref: SecretRef) -> None:
        """A round for ``ref`` has ended, and it is back in the queue. When the pause
        that held it up was lifted meanwhile, nobody else would let it go."""
        with self._turn:
            rule = self._held_up.pop(ref, None)
            is_late = rule is not None and self._longest(rule, ref) is None
        if is_late:
            self._let_go()

    def _check(self, rule: str, ref: SecretRef) -> None:
        one = self._longest(rule, ref)
        if one is None:
            return
        self._held_up[ref] = rule
        raise Temporary(
            Cause.PAUSED,
            f"paused by {one.pause.by}: {one.pause.reason}",
            after=one.ends - self._steady() + _MARGIN,
        )

    def _longest(self, rule: str, ref: SecretRef | None) -> _Standing | None:
        holding = [one for one in self._now_standing() if one.pause.holds(rule, ref)]
        return max(holding, key=lambda one: one.ends, default=None)

    def _now_standing(self) -> list[_Standing]:
        now = self._steady()
        return [one for one in self._standing.values() if one.ends > now]
