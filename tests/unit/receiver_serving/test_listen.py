"""The socket that the web server listens on."""

from __future__ import annotations

import socket

import pytest

from receiver.serving import listen
from vault_audit_forwarder.program.config_types import HostPort
from vault_audit_forwarder.program.errors import CommandError


def test_answers_are_sent_at_once() -> None:
    """Each connection has Nagle's algorithm off: the forwarder waits for answers."""
    with (
        listen(HostPort("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
        server.accept()[0] as connection,
    ):
        option = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert option


def test_an_address_in_use_is_said_with_what_to_do() -> None:
    """And is an error of the command, not a traceback."""
    with listen(HostPort("127.0.0.1", 0)) as taken:
        address = HostPort("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(CommandError, match=r"127\.0\.0\.1:.*in use.*choose"):
            listen(address)
