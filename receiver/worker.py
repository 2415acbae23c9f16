"""From the queue to the story and back: what becomes of each reference taken.

Every reference that is taken ends in exactly one of done, retry or park, whatever
happens in between. Some workers take events only, so that a long reconcile never
keeps a fresh change waiting.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.paths import key_of
from receiver.core.retry import SECOND_LOOK, backoff
from receiver.core.state import Hint, Lane, SecretRef, Work
from receiver.outcome import Outcome
from receiver.ports import QueueUnavailable, Source, WorkQueue
from receiver.stages import Stage, timed

log = structlog.stdlib.get_logger(__name__)

#: Long enough for every call of one round; a worker that hangs loses its turn then.
LEASE = 120.0

_QUEUE_RETRY = 1.0
#: A version is gone once its time has passed, and clocks differ a little.
_AFTER_EXPIRY = 0.5

_ALL = (Lane.EVENT, Lane.RECONCILE)
#: No failures: said once elsewhere, or not worth a line for each secret.
_EXPECTED = (Cause.PAUSED, Cause.STANDBY_LAGS)


class Watcher(Protocol):
    """Who wants to know what became of a reference."""

    def changed(self, ref: SecretRef) -> None:
        """A round for ``ref`` has ended."""


class Reporter(Protocol):
    """Metrics, as far as a worker knows of them."""

    def applied(
        self, rule: str, action: str, result: str, lag: float | None
    ) -> None: ...

    def stage(self, stage: str, seconds: float) -> None: ...


class Rounds:
    """One round for one reference."""

    def __init__(
        self,
        *,
        queue: WorkQueue,
        source: Source,
        replicate: Callable[[Work], Sequence[Outcome]],
        watchers: Sequence[Watcher],
        report: Reporter,
        now: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._source = source
        self._replicate = replicate
        self._watchers = watchers
        self._report = report
        self._now = now

    def run(self, work: Work) -> None:
        """Do the work and tell the queue what became of it. Raises QueueUnavailable:
        then the work is done again soon."""
        if not work.attempts:
            self._report.stage(Stage.QUEUED, max(0.0, self._now() - work.since))
        try:
            with timed(Stage.ROUND, self._report.stage):
                self._attend_to(work)
        finally:
            for watcher in self._watchers:
                watcher.changed(work.hint.ref)

    def _attend_to(self, work: Work) -> None:
        try:
            if work.hint.unresolved:
                self._resolve(work.hint)
                self._queue.done(work)
                return
            outcomes = self._replicate(work)
            with timed(Stage.SETTLE, self._report.stage):
                self._finish(work, outcomes)
                self._queue.done(work)
        except Permanent as error:
            self._queue.park(work, cause=error.cause, detail=error.detail)
            self._tell("parked", work, error.cause, error.detail)
        except Temporary as error:
            self._again(work, error.cause, error.detail, error.after)
        except QueueUnavailable:
            # Given back, or at least for not much longer: else it would wait for the
            # end of a lease that nobody works under.
            self._queue.retry(work, delay=_QUEUE_RETRY, cause="", detail="")
            raise
        except Exception as error:  # a bug must cost one secret a retry, not a worker
            self._again(work, Cause.INTERNAL, type(error).__name__, None)

    def _resolve(self, hint: Hint) -> None:
        """Now that Vault can say what kind of mount it is, queue the secret itself."""
        ref = hint.ref
        mount = self._source.mount(ref.namespace, ref.mount)
        if key := key_of(ref.path, mount.version):
            resolved = replace(hint, ref=replace(ref, path=key), unresolved=False)
            self._queue.add([resolved])

    def _finish(self, work: Work, outcomes: Sequence[Outcome]) -> None:
        if work.hint.look_twice:
            again = self._now() + SECOND_LOOK
            self._queue.add([Hint(ref=work.hint.ref, not_before=again)])
        for at in {outcome.expires for outcome in outcomes if outcome.expires}:
            self._queue.add([Hint(ref=work.hint.ref, not_before=at + _AFTER_EXPIRY)])
        for outcome in outcomes:
            self._report.applied(outcome.rule, outcome.action, "ok", outcome.lag)
            log.info(
                "replicated",
                ref=str(outcome.ref),
                rule=outcome.rule,
                name=outcome.name,
                action=outcome.action,
                version=outcome.version,
                version_id=outcome.version_id,
                lag=outcome.lag,
                detail=outcome.detail,
                **_about(work),
            )

    def _again(self, work: Work, cause: str, detail: str, after: float | None) -> None:
        delay = after
        if delay is None:
            delay = backoff(cause, work.attempts, jitter=random.random())  # noqa: S311 no secret
        self._queue.retry(work, delay=delay, cause=cause, detail=detail)
        if cause not in _EXPECTED:
            self._tell("retry", work, cause, detail)

    def _tell(self, result: str, work: Work, cause: str, detail: str) -> None:
        self._report.applied("", "none", result, None)
        log.log(
            logging.WARNING if result == "parked" else _loudness(work.attempts),
            "not replicated",
            result=result,
            ref=str(work.hint.ref),
            cause=cause,
            detail=detail,
            **_about(work),
        )


def _loudness(attempts: int) -> int:
    """While Vault is sealed ten thousand secrets are tried again and again: each is a
    warning at its first tries, and then ever more seldom."""
    is_told = attempts & (attempts - 1) == 0  # after 0, 1, 2, 4, 8 … failures
    return logging.WARNING if is_told else logging.DEBUG


def _about(work: Work) -> dict[str, Any]:
    """What leads from a line of our log to Vault's: the newest request, of how many.
    Nobody's, when a comparison or a timer asked."""
    requests = work.hint.requests
    return {
        "request_id": requests[-1].id if requests else None,
        "requests": len(requests),
        "attempts": work.attempts,
    }


class Workers:
    """The threads that take from the queue."""

    def __init__(
        self, queue: WorkQueue, run: Callable[[Work], None], *, count: int
    ) -> None:
        self._queue = queue
        self._run = run
        self._ending = threading.Event()
        reserved = max(1, count // 4) if count > 1 else 0
        self._threads = [
            threading.Thread(
                target=self._take,
                args=((Lane.EVENT,) if number < reserved else _ALL,),
                name=f"worker-{number}",
                daemon=True,
            )
            for number in range(count)
        ]

    def start(self) -> None:
        """Begin to take work."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout: float) -> bool:
        """After the queue was closed: wait for the rounds under way. Whether all
        ended within ``timeout`` seconds."""
        self._ending.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None:  # else it was never started
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _take(self, lanes: Sequence[Lane]) -> None:
        while not self._ending.is_set():
            try:
                if work := self._queue.take(lanes, lease=LEASE, timeout=None):
                    self._run(work)
                else:
                    return  # the queue is closed
            except QueueUnavailable as error:  # a full disk must not end a worker
                log.error("the queue cannot be read or written", error=error)
                self._ending.wait(_QUEUE_RETRY)
