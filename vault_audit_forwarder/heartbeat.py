"""Says every half minute that the forwarder lives and what it has seen.

A quiet Vault and a dead forwarder look the same without it. It has a thread of its
own and is never spooled: an old heartbeat is worth nothing. One that fails is tried
again soon, so that a receiver which has just started knows its forwarders.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from vault_audit_forwarder import wire
from vault_audit_forwarder.delivery import Posts, explain
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.origin import Origin
from vault_audit_forwarder.spool_file import SpoolError

LANE = "heartbeats"
_FIRST_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class HeartbeatSender(threading.Thread):
    """Posts what ``observe`` returns, at once and then every ``interval`` seconds."""

    def __init__(
        self,
        webhook: Posts,
        origin: Origin,
        stats: DeliveryStats,
        *,
        observe: Callable[[], wire.Heartbeat],
        interval: float,
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._webhook = webhook
        self._origin = origin
        self._stats = stats
        self._observe = observe
        self._interval = interval
        self._ended = threading.Event()

    def stop(self, timeout: float) -> None:
        """No further one; one under way is waited for, ``timeout`` seconds at most."""
        self._ended.set()
        if self.ident is not None:
            self.join(timeout)

    def run(self) -> None:
        """Beat until stopped."""
        retry = _FIRST_RETRY_SECONDS
        while not self._ended.is_set():
            if self._beat():
                retry, wait = _FIRST_RETRY_SECONDS, self._interval
            else:
                wait = min(retry, self._interval)
                retry *= 2
            self._ended.wait(wait)

    def _beat(self) -> bool:
        """Whether the receiver took it."""
        try:
            seen = self._observe()
        except SpoolError as error:
            log.error("no heartbeat: the spool cannot be read", error=error)
            return False
        time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event = self._origin.encode(seen, id=str(uuid.uuid4()), time=time)
        answer = self._webhook.post([event])
        if answer.status == 202:
            self._stats.succeeded(LANE)
            return True
        if self._stats.failed(LANE, explain(answer)):
            log.warning("heartbeats fail", reason=explain(answer))
        return False
