"""Binding: who may connect, and what is in the way."""

from __future__ import annotations

import contextlib
import grp
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from vault_audit_forwarder.listener import ListenError, bind_tcp, bind_unix

pytestmark = pytest.mark.integration


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.sock"


def connect_until_full(path: Path, peers: contextlib.ExitStack) -> int:
    """How many connections a listener takes that never accepts any."""
    for connected in range(100):
        peer = peers.enter_context(socket.socket(socket.AF_UNIX))
        peer.setblocking(False)
        try:
            peer.connect(str(path))
        except BlockingIOError:
            return connected
    pytest.fail("the backlog has no end")


@pytest.mark.parametrize("mode", [0o660, 0o600, 0o666])
def test_the_socket_has_the_configured_mode(path: Path, mode: int) -> None:
    """The umask of the process does not decide who may write."""
    before = os.umask(0o077)
    try:
        with bind_unix(path, mode=mode):
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_the_socket_gets_the_configured_group(path: Path) -> None:
    """Vault runs as another user and comes in through its group."""
    group = os.getgroups()[-1] if os.getuid() else grp.getgrall()[-1].gr_gid

    with bind_unix(path, group=grp.getgrgid(group).gr_name):
        assert path.stat().st_gid == group


def test_an_unknown_group_is_named_as_the_reason(path: Path) -> None:
    """The error says that it is the group."""
    with pytest.raises(ListenError, match="no such group"):
        bind_unix(path, group="no-such-group-here")


def test_a_stale_socket_is_replaced(path: Path) -> None:
    """What a killed forwarder leaves behind is in nobody's way."""
    bind_unix(path).close()
    assert path.exists()

    with bind_unix(path), socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))


@pytest.mark.parametrize("full", [False, True], ids=["idle", "backlog full"])
def test_a_live_socket_is_refused_and_left_alone(path: Path, full: bool) -> None:
    """A second forwarder does not take the first one's place."""
    with bind_unix(path), contextlib.ExitStack() as peers:
        if full:
            connect_until_full(path, peers)
        with pytest.raises(ListenError, match="another process listens"):
            bind_unix(path)

        assert path.is_socket()


def test_a_file_is_refused_and_left_alone(path: Path) -> None:
    """Only a socket is ever removed."""
    path.write_text("precious")

    with pytest.raises(ListenError, match="no socket"):
        bind_unix(path)
    assert path.read_text() == "precious"


def test_a_missing_directory_is_not_created(tmp_path: Path) -> None:
    """Whoever installs decides who owns the directory."""
    with pytest.raises(ListenError, match="does not exist"):
        bind_unix(tmp_path / "missing" / "audit.sock")
    assert not (tmp_path / "missing").exists()


def test_a_path_too_long_for_a_socket_says_so(tmp_path: Path) -> None:
    """The kernel's limit is 107 bytes."""
    with pytest.raises(ListenError, match="too long"):
        bind_unix(tmp_path / ("x" * 120))


def test_a_hung_listener_accepts_next_to_nothing(path: Path) -> None:
    """With a backlog of 1, Vault notices within two connections."""
    with bind_unix(path), contextlib.ExitStack() as peers:
        assert connect_until_full(path, peers) <= 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_tcp_takes_names_and_both_families(host: str) -> None:
    """The listener is where it was said to be."""
    if host == "::1" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    with bind_tcp(host, 0) as listener:
        address = listener.getsockname()
        socket.create_connection(address[:2]).close()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """The error says where, and what to do."""
    with bind_tcp("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ListenError, match=re.escape(f"127.0.0.1:{port}")):
            bind_tcp("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_an_error() -> None:
    """Neither a foreign address nor an unknown name can be listened on."""
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:1"):
        bind_tcp("192.0.2.1", 1)
    with pytest.raises(ListenError, match=r"cannot listen on host\.invalid:1"):
        bind_tcp("host.invalid", 1)
