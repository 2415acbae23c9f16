"""The thread that empties the spool into the receiver.

When idle it sends the moment an event is on disk. While a post is under way more
gather, and the next post takes them all, up to what the receiver takes at once. An
event leaves the spool only when the receiver has answered 202.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from vault_audit_forwarder import wire
from vault_audit_forwarder.delivery import (
    Delivered,
    Halve,
    Posts,
    SetAside,
    Wait,
    decide,
)
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.origin import Encodes
from vault_audit_forwarder.spool import Spool, Waiting
from vault_audit_forwarder.spool_file import SpoolError

LANE = "events"
_SPOOL_RETRY_SECONDS = 1.0
# Not on the way of an event: finds what `replay` in another process put in line.
_LOOK_AGAIN_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Sender(threading.Thread):
    """One per spool. ``rand`` gives the jitter, in [0, 1)."""

    def __init__(
        self,
        spool: Spool,
        webhook: Posts,
        origin: Encodes,
        stats: DeliveryStats,
        *,
        rand: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(name="sender", daemon=True)
        self._spool = spool
        self._webhook = webhook
        self._origin = origin
        self._stats = stats
        self._rand = rand
        self._limit = wire.MAX_EVENTS
        self._attempt = 0
        self._draining = False
        self._more = threading.Event()
        self._hurry = threading.Event()

    def wake(self) -> None:
        """There is more in the spool. Does not cut a back-off short."""
        self._more.set()

    def hurry(self) -> None:
        """Something was repaired: try now, whatever the back-off says."""
        self._hurry.set()
        self._more.set()

    def drain(self, timeout: float) -> None:
        """Send what waits, but without a second try, and end; waits for that.

        ``timeout`` is in seconds. What could not be sent stays in the spool.
        """
        self._draining = True
        self.hurry()
        self.join(timeout)

    def run(self) -> None:
        """Send until drained."""
        while True:
            self._more.clear()
            try:
                anything = self._send_once()
            except SpoolError as error:
                log.error("the spool cannot be read or written", error=error)
                anything = self._pause(_SPOOL_RETRY_SECONDS)
            if not anything:
                if self._draining:
                    return
                self._more.wait(_LOOK_AGAIN_SECONDS)

    def _send_once(self) -> bool:
        """Post one batch. False when there is nothing to do, now or any more."""
        batch, events = self._fit(self._spool.peek(self._limit))
        if not batch:
            return False
        answer = self._webhook.post(events)
        decision = decide(
            answer,
            size=len(batch),
            attempt=self._attempt,
            now=time.time(),
            jitter=self._rand(),
        )
        match decision:
            case Delivered():
                self._spool.delivered(batch)
                self._succeeded("delivered")
                self._limit = min(wire.MAX_EVENTS, self._limit * 2)
                log.debug("delivered", count=len(batch), request_id=batch[-1].hint.id)
            case Halve():
                self._succeeded("halved")
                self._limit = len(batch) // 2
            case SetAside(index, reason):
                self._spool.set_aside(batch[index], reason)
                self._succeeded("set_aside")
                log.error(
                    "an event cannot be delivered; set aside",
                    reason=reason,
                    request_id=batch[index].hint.id,
                )
            case Wait(seconds, why):
                return self._failed(seconds, why)
        return True

    def _fit(self, waiting: Sequence[Waiting]) -> tuple[list[Waiting], list[bytes]]:
        """As many as one body holds, and at least one."""
        batch: list[Waiting] = []
        events: list[bytes] = []
        size = len(b"[]")
        for item in waiting:
            id, time = item.hint.id, item.hint.time
            event = self._origin.encode(item.hint.data, id=id, time=time)
            size += len(event) + len(b",")
            if events and size > wire.MAX_BODY_BYTES:
                break
            batch.append(item)
            events.append(event)
        return batch, events

    def _succeeded(self, result: str) -> None:
        self._attempt = 0
        self._stats.results[result] += 1
        seconds = self._stats.succeeded(LANE)
        if seconds is not None:
            log.info("deliveries work again", failed_seconds=round(seconds, 3))

    def _failed(self, seconds: float, why: str) -> bool:
        self._attempt += 1
        self._stats.results["failed"] += 1
        if self._stats.failed(LANE, why):
            log.warning("deliveries fail; events are kept", reason=why)
        self._spool.remember_failure(why)
        return self._pause(seconds)

    def _pause(self, seconds: float) -> bool:
        """Wait, unless told to hurry. False when there will be no further try."""
        if self._draining:
            return False
        self._hurry.wait(seconds)
        self._hurry.clear()
        return True
