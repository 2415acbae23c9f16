"""The thread that receives the audit stream, and does nothing else.

As long as nobody receives, Vault waits, and every client of Vault with it. So this
thread only receives, splits, filters and puts into bounded memory; it never touches a
disk, a log or a lock that another thread could hold. Whatever a peer sends, it goes on:
what it cannot read becomes a gap. Wherever entries may have been missed, it says so:
every new connection, every end of one, torn, oversized and unreadable lines.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from vault_audit_forwarder import audit, device_faults, wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.connection import NOTHING, Connection
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.interpreter import Interpreter
from vault_audit_forwarder.lines import MAX_LINE_BYTES, Split
from vault_audit_forwarder.notices import Notices
from vault_audit_forwarder.reader_stats import ReaderStats

TICK_SECONDS = 0.25
_DRAIN_SECONDS = 0.5
_MAX_LATE_CONNECTIONS = 128

_FAULTS = device_faults.REMEDIES | {
    "accept": "cannot accept a connection: raise the limit of open files",
}


class Reader(threading.Thread):
    """Owns ``listeners`` and every connection made to them, and closes them.

    ``beat`` is called at least once a second, also when idle. ``clock`` gives seconds.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        handoff: Handoff,
        *,
        mounts: Sequence[str] = ("**",),
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        super().__init__(name="audit-reader", daemon=True)
        self.stats = ReaderStats()
        self._handoff = handoff
        self._mounts = list(mounts)
        self._interpreter = Interpreter(mounts)
        self._beat = beat
        self._clock = clock
        self._max_line_bytes = max_line_bytes
        self._notices = Notices()
        self._listeners = list(listeners)
        self._resting: list[socket.socket] = []
        self._connections: set[Connection] = set()
        self._next_tick = clock()
        self._stopping = False
        self._waker, self._wakened = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wakened, selectors.EVENT_READ, lambda: None)
        for listener in self._listeners:
            listener.setblocking(False)
            self._watch(listener)

    def run(self) -> None:
        self._notices.start()
        try:
            while not self._stopping:
                self._turn()
            self._drain()
        finally:
            self._close()
            self._notices.stop()

    def stop(self, timeout: float = 5.0) -> None:
        """End gracefully, from any thread: nothing that Vault has written is lost.

        Waits up to ``timeout`` seconds for the thread. Further calls do nothing.
        """
        self._stopping = True
        if self.ident is None:
            self._close()
            return
        with contextlib.suppress(OSError):  # already closed: it has ended
            self._waker.send(b"\0")
        if threading.current_thread() is not self:
            self.join(timeout)

    def _turn(self) -> None:
        ready = self._selector.select(TICK_SECONDS)
        began = self._clock()
        for key, _ in ready:
            key.data()
        if began >= self._next_tick:
            self._tick(began)
        if ready:
            self.stats.stalls.observe(self._clock() - began)

    def _tick(self, now: float) -> None:
        self._next_tick = now + TICK_SECONDS
        self._beat()
        self.stats.settle()
        for hint in self._interpreter.overdue(now):
            self._event(hint)
        if self._interpreter.forgot():
            self._gap("overflow")
        while self._resting:
            self._watch(self._resting.pop())

    def _watch(self, listener: socket.socket) -> None:
        accept = partial(self._accept, listener)
        self._selector.register(listener, selectors.EVENT_READ, accept)

    def _accept(self, listener: socket.socket) -> bool:
        """Whether there was a connection to accept."""
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError:
            # Out of file descriptors: the listener stays readable, so it rests until
            # the next tick instead of turning the loop at full speed.
            if listener not in self._resting:
                self._selector.unregister(listener)
                self._resting.append(listener)
            self._fault("accept", listener=_name(listener))
            return False
        connection = Connection(sock, _name(listener), self._max_line_bytes)
        self._connections.add(connection)
        receive = partial(self._receive, connection)
        self._selector.register(sock, selectors.EVENT_READ, receive)
        self.stats.connections = len(self._connections)
        self._gap("connection")
        self._notices.say(
            "info", "audit stream connected", listener=connection.listener
        )
        return True

    def _receive(self, connection: Connection) -> None:
        split = connection.receive()
        if split is None:
            self._ended(connection)
        else:
            self._read(connection, split)

    def _read(self, connection: Connection, split: Split) -> None:
        for _ in range(split.oversized):
            self._lost("oversized_line", connection)
        if not split.lines:
            return
        self.stats.saw(split.lines)
        for fault in connection.faults.new_in(split.lines):
            self._fault(fault, listener=connection.listener)
            if fault == "jsonx":
                self._lost("unreadable_line", connection)
        now = self._clock()
        for line in filter(audit.may_matter, split.lines):
            try:
                hint = self._interpreter.interpret(line, now)
            except audit.Unreadable:
                self._lost("unreadable_line", connection)
            else:
                if hint is not None:
                    self._event(hint)

    def _ended(self, connection: Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()
        self._connections.discard(connection)
        self.stats.connections = len(self._connections)
        if connection.torn:
            self._lost("torn_line", connection)
        self._gap("end_of_stream")
        self._notices.say("info", "audit stream ended", listener=connection.listener)

    def _event(self, hint: Hint) -> None:
        changed = isinstance(hint.data, wire.Change)
        self.stats.events[wire.CHANGED if changed else wire.MOUNT_CHANGED] += 1
        self._put(hint)

    def _lost(self, reason: str, connection: Connection) -> None:
        self._gap(reason)
        if reason not in connection.said:
            connection.said.add(reason)
            self._notices.say(
                "warning",
                "audit entries may have been missed",
                reason=reason,
                listener=connection.listener,
            )

    def _gap(self, reason: str) -> None:
        self.stats.gaps[reason] += 1
        self.stats.settle()
        since = self.stats.last_entry_time()
        gap = wire.Gap(mounts=self._mounts, reason=reason, since=since)
        self._put(Hint(gap, str(uuid.uuid4()), since))

    def _put(self, hint: Hint) -> None:
        before = self._handoff.overflows
        self._handoff.put(hint)
        self.stats.gaps["overflow"] += self._handoff.overflows - before

    def _fault(self, fault: str, *, listener: str) -> None:
        self.stats.faults[fault] += 1
        self._notices.say("error", _FAULTS[fault], listener=listener)

    def _drain(self) -> None:
        """Receive all that Vault has written, for half a second at most."""
        self._beat()
        for listener in self._listeners:
            for _ in range(_MAX_LATE_CONNECTIONS):
                if not self._accept(listener):
                    break
            listener.close()
        for connection in self._connections:
            connection.refuse_more()
        deadline = self._clock() + _DRAIN_SECONDS
        flowing = set(self._connections)
        while flowing and self._clock() < deadline:
            for connection in tuple(flowing):
                split = connection.receive()
                if split is None or split is NOTHING:
                    flowing.discard(connection)
                else:
                    self._read(connection, split)
        for hint in self._interpreter.give_up():
            self._event(hint)
        self.stats.settle()

    def _close(self) -> None:
        for connection in self._connections:
            connection.reset()
        self._connections.clear()
        self.stats.connections = 0
        for sock in (*self._listeners, self._waker, self._wakened):
            sock.close()
        self._selector.close()


def _name(listener: socket.socket) -> str:
    address = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return str(address)
    return f"{address[0]}:{address[1]}"
