"""Which requests to Vault made each reference wait in the queue.

Beside the queue's rows and not in them: they serve logs and traces, and losing them
with the process costs neither a secret nor an answer. Bounded, so that ten thousand
references that wait for an hour cost little memory. Used under the queue's lock.
"""

from __future__ import annotations

from receiver.core.hints import latest
from receiver.core.state import VaultRequest
from receiver.ports import QueueKey

_MOST = 10_000


class RequestsBehind:
    """By reference, the newest request last."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: dict[QueueKey, tuple[VaultRequest, ...]] = {}

    def add(self, key: QueueKey, requests: tuple[VaultRequest, ...]) -> None:
        """``requests`` told of the reference; the one that waits longest gives way."""
        if not requests:
            return
        self._known[key] = latest(self._known.get(key, ()), requests)
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def of(self, key: QueueKey) -> tuple[VaultRequest, ...]:
        """Those that are known."""
        return self._known.get(key, ())

    def answered(self, key: QueueKey, requests: tuple[VaultRequest, ...]) -> None:
        """A round ended well for ``requests``; what came since remains."""
        known = self._known.pop(key, ())
        if later := tuple(one for one in known if one not in requests):
            self._known[key] = later
