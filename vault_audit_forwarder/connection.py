"""One connection of an audit device: its socket, its unfinished line, its faults.

Everything that ends a stream, a reset too, is its end. Closing loses what was not
received and, on TCP, lets Vault believe in one write more; so the way to leave is to
refuse more, drain, and reset.
"""

from __future__ import annotations

import contextlib
import socket
import struct

from vault_audit_forwarder.device_faults import DeviceFaults
from vault_audit_forwarder.lines import LineSplitter, Split

_RECEIVE_BYTES = 256 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, zero seconds

#: What :meth:`Connection.receive` returns when no bytes were waiting.
NOTHING = Split([], 0)


class Connection:
    """``listener`` is the name of the socket it was made to."""

    def __init__(self, sock: socket.socket, listener: str, max_line_bytes: int) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.listener = listener
        self._splitter = LineSplitter(max_line_bytes)
        self.faults = DeviceFaults()
        self.said: set[str] = set()  #: reasons of loss that the log already holds

    @property
    def torn(self) -> bool:
        return self._splitter.torn

    def receive(self) -> Split | None:
        """What one receive completes, NOTHING, or None at the end of the stream."""
        try:
            piece = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return NOTHING
        except OSError:
            return None
        return self._splitter.feed(piece) if piece else None

    def refuse_more(self) -> None:
        """Fail the peer's next write; what it has written can still be received.

        Only Unix sockets can. On TCP the reset of :meth:`reset` has to do.
        """
        if self.socket.family == socket.AF_UNIX:
            with contextlib.suppress(OSError):  # the peer has gone: it writes no more
                self.socket.shutdown(socket.SHUT_RD)

    def reset(self) -> None:
        """Close so that the peer's next write fails at once instead of vanishing."""
        with contextlib.suppress(OSError):  # the peer has gone: nothing to reset
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.socket.close()
