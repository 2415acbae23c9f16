"""Says every half minute that the forwarder lives and what it has seen.

A quiet Vault and a dead forwarder look the same without it. It has a thread of its
own and is never spooled: an old heartbeat is worth nothing.
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
        while not self._ended.is_set():
            try:
                self._beat()
            except SpoolError as error:
                log.error("no heartbeat: the spool cannot be read", error=error)
            self._ended.wait(self._interval)

    def _beat(self) -> None:
        time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event = self._origin.encode(self._observe(), id=str(uuid.uuid4()), time=time)
        answer = self._webhook.post([event])
        if answer.status == 202:
            self._stats.succeeded(LANE)
        elif self._stats.failed(LANE, explain(answer)):
            log.warning("heartbeats fail", reason=explain(answer))
