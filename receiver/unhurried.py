"""Connections on which no request comes.

The web server waits for the head of a request as long as the other side likes, so a
stranger could open connections, send half a head on each, and leave none for others,
nor files for the state. Here each head must come in time; and where connections are
many, the one that has been idle for longest makes room. One on which a request is
being answered is never closed.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Unhurried(H11Protocol):
    """One connection of the web server that ends when no request comes."""

    #: Seconds for the head of a request, from its first byte or the connection's start.
    head_within = 10.0
    #: Beyond so many connections, those that have been idle for ``spared`` seconds are
    #: closed: of the usual 1,024 files, enough remain for the state, Vault and AWS.
    many = 400
    spared = 1.0

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first head, and make room for it."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.many:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Pass on; then wait for the rest of a head, or of a body that was refused."""
        super().data_received(data)
        answered = self.conn.our_state is h11.DONE
        if self.conn.their_state is not h11.IDLE and not answered:
            self._wait_no_more()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait_no_more()
        super().connection_lost(exc)

    def idle_since(self) -> float | None:
        """Since when it has been without a request, on the loop's clock; None: it has
        one."""
        if self._waiting is not None:
            return self._waiting.when() - self.head_within
        if self.timeout_keep_alive_task is not None:
            return self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        return None

    def _wait(self) -> None:
        close = self.transport.close
        self._waiting = self.loop.call_later(self.head_within, close)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _make_room(self) -> None:
        """Close the one that has been idle for longest."""
        idle = (
            (since, number, one)
            for number, one in enumerate(self.connections)
            if isinstance(one, Unhurried)
            and (since := one.idle_since()) is not None
            and not one.transport.is_closing()
        )
        since, _, longest = min(idle, default=(0.0, 0, None))
        if longest is not None and self.loop.time() - since > self.spared:
            longest.transport.close()
