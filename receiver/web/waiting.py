"""From the workers' threads to the requests that wait on the event loop.

A waiter registers before it looks, so that no end of a round falls between looking
and waiting. What became of the round is not told: the waiter looks for itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from receiver.core.state import SecretRef


class Outcomes:
    """Who waits for which reference. Safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[SecretRef, dict[asyncio.Event, asyncio.AbstractEventLoop]]
        self._waiting = {}

    def changed(self, ref: SecretRef) -> None:
        """A round for ``ref`` has ended. Called by workers."""
        with self._lock:
            waiting = list(self._waiting.get(ref, {}).items())
        for event, loop in waiting:
            with suppress(RuntimeError):  # the loop has ended, and its waiter with it
                loop.call_soon_threadsafe(event.set)

    @contextmanager
    def watching(self, ref: SecretRef) -> Iterator[asyncio.Event]:
        """An event that is set at the end of each round. Used on the loop."""
        event = asyncio.Event()
        with self._lock:
            events = self._waiting.setdefault(ref, {})
            events[event] = asyncio.get_running_loop()
        try:
            yield event
        finally:
            with self._lock:
                del events[event]
                if not events and self._waiting.get(ref) is events:
                    del self._waiting[ref]
