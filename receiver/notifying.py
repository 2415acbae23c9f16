"""Tells people what is wrong, on a thread of its own that nothing else waits for.

Every few seconds what is true is compared with what each channel was told. A channel
that cannot be reached is tried again, later each time, and then gets the truth of that
moment. What was told is kept on disk, so a restart repeats nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from receiver.core.notify.telling import Decision, Pace, Told, decide
from receiver.core.notify.trouble import Message, Trouble
from receiver.core.notify.troubles import FORWARDER, state_trouble
from receiver.ports import JournalUnavailable, QueueUnavailable

log = structlog.stdlib.get_logger(__name__)

_LOOK_EVERY = 3.0
#: What was told before the start may look over, while nothing is known yet.
_KNOWN_AFTER = 120.0
_FIRST_RETRY, _LAST_RETRY = 10.0, 300.0


class NotSent(Exception):
    """The message did not go out, or may not have. The text names no address: one can
    be a secret. ``after`` is how many seconds the other side asks us to wait."""

    def __init__(self, why: str, *, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Channel(Protocol):
    """A way to tell somebody. Told twice of one trouble, nobody is misled."""

    def send(self, message: Message) -> None:
        """Have it delivered, within seconds. Raises NotSent."""


class Memory(Protocol):
    """What each channel was told, by its name; it outlives the process."""

    def load(self) -> Mapping[str, Told]:
        """As it was saved; empty when there is nothing, or nothing readable."""

    def save(self, told: Mapping[str, Told]) -> None:
        """Keep it. A failure costs a repetition, so it is only logged."""


class Reporter(Protocol):
    """Metrics, as far as notifications know of them."""

    def notified(self, kind: str, result: str) -> None: ...


class Listener:
    """One channel, what it was told, and when it may be tried again."""

    def __init__(self, name: str, kind: str, channel: Channel, pace: Pace) -> None:
        """``name`` stays the same over restarts."""
        self.name = name
        self.kind = kind
        self.told = Told()
        self._channel = channel
        self._pace = pace
        self._failed = 0
        self._not_before = 0.0

    def decide(
        self, troubles: Sequence[Trouble], now: float, *, unsure_before: float
    ) -> Decision:
        """What to tell it now."""
        return decide(
            self.told,
            troubles,
            now=now,
            pace=self._pace,
            unsure_before=unsure_before,
        )

    def tell(self, decision: Decision, steady: float) -> str | None:
        """Send what was decided, unless it is too early to try again. ``sent`` or
        ``failed``; None when there was nothing to do."""
        self.told = decision.unsent
        if decision.message is None or steady < self._not_before:
            return None
        try:
            self._channel.send(decision.message)
        except NotSent as error:
            self._failed += 1
            wait = min(_FIRST_RETRY * 2.0 ** min(self._failed - 1, 10), _LAST_RETRY)
            self._not_before = steady + max(wait, min(error.after or 0, _LAST_RETRY))
            log.warning("not notified", kind=self.kind, detail=str(error))
            return "failed"
        self._failed, self.told = 0, decision.sent
        return "sent"


class Notifier:
    """All channels and the thread that looks after them."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        troubles: Callable[[], Sequence[Trouble]],
        *,
        memory: Memory,
        report: Reporter,
        now: Callable[[], float],
    ) -> None:
        """``troubles`` may raise QueueUnavailable and JournalUnavailable."""
        self._listeners = listeners
        self._troubles = troubles
        self._memory = memory
        self._report = report
        self._now = now
        self._started = now()
        self._last: Sequence[Trouble] = ()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        """Begin, unless there is nobody to tell."""
        if not self._listeners:
            return
        self.remember()
        self._thread.start()

    def end(self) -> None:
        """Send nothing more."""
        self._stopped.set()

    def join(self, timeout: float) -> bool:
        """After :meth:`end`: wait for a message under way; whether it has gone."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def remember(self) -> None:
        """Take up what was told before the start. Which forwarders there were is not
        known any more, so nothing is said of their recovery."""
        known = self._memory.load()
        for listener in self._listeners:
            if listener.name in known:
                listener.told = known[listener.name].without(FORWARDER)

    def look(self) -> None:
        """Tell every channel what it should know by now."""
        troubles, now = self._true_now(), self._now()
        is_new = 0 <= now - self._started < _KNOWN_AFTER
        unsure = self._started if is_new else 0.0
        before = [listener.told for listener in self._listeners]
        for listener in self._listeners:
            decision = listener.decide(troubles, now, unsure_before=unsure)
            result = listener.tell(decision, time.monotonic())
            if result is not None:
                self._report.notified(listener.kind, result)
        if before != [listener.told for listener in self._listeners]:
            self._memory.save({one.name: one.told for one in self._listeners})

    def _true_now(self) -> Sequence[Trouble]:
        try:
            self._last = self._troubles()
        except (QueueUnavailable, JournalUnavailable):
            # What was true before is not over because we cannot look.
            return [state_trouble(), *self._last]
        return self._last

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY):
            try:
                self.look()
            except Exception as error:  # a bug must not silence all that comes later
                log.error("notifying failed", error=error)
