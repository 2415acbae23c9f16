"""Asking Vault and AWS while a person waits: several at once, in bounded time.

A question without an answer in time is left to itself: its thread ends with the call,
which has time-outs of its own, and nothing is done with what it says. At most a few
such threads exist, however often somebody asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from receiver.core.causes import Cause, ReplicationError, Temporary
from receiver.explain.snapshot import Unasked
from receiver.ports import Surprise

T = TypeVar("T")

#: Seconds that all questions of one explanation may take.
PATIENCE = 5.0
_MOST_AT_ONCE = 8


class Question(Generic[T]):
    """One question under way."""

    def __init__(self, ask: Callable[[], T], done: Callable[[], None]) -> None:
        self._ask = ask
        self._done = done
        self._answered = threading.Event()
        self._answer: T | ReplicationError
        threading.Thread(target=self._run, name="explain", daemon=True).start()

    def answer(self, timeout: float) -> T | ReplicationError | Unasked:
        """What was answered within ``timeout`` seconds."""
        if self._answered.wait(max(0.0, timeout)):
            return self._answer
        return Unasked(f"no answer within {PATIENCE:.0f} s")

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except ReplicationError as error:
            self._answer = error
        except Surprise:
            self._answer = Temporary(Cause.AWS_REFUSED, "AWS changed meanwhile")
        except Exception as error:
            kind = type(error).__name__
            self._answer = Temporary(Cause.INTERNAL, f"the question failed: {kind}")
        finally:
            self._done()
        self._answered.set()


class Asker:
    """Asks questions, of which only so many may be under way."""

    def __init__(self, most: int = _MOST_AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(most)

    def begin(self, ask: Callable[[], T]) -> Question[T] | Unasked:
        """Ask; returns at once."""
        if not self._free.acquire(blocking=False):
            return Unasked("too many questions wait for an answer")
        return Question(ask, self._free.release)


class Patience:
    """The time that is left for all questions of one explanation."""

    def __init__(self, asker: Asker, seconds: float = PATIENCE) -> None:
        self._asker = asker
        self._until = time.monotonic() + seconds

    def begin(self, ask: Callable[[], T]) -> Question[T] | Unasked:
        """Ask; returns at once."""
        return self._asker.begin(ask)

    def answer(self, question: Question[T] | Unasked) -> T | ReplicationError | Unasked:
        """The answer, if it comes while there is time."""
        if isinstance(question, Unasked):
            return question
        return question.answer(self._until - time.monotonic())

    def ask(self, ask: Callable[[], T]) -> T | ReplicationError | Unasked:
        """Ask and wait."""
        return self.answer(self.begin(ask))
