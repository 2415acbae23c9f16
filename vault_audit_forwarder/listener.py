"""Binds the sockets that Vault's audit device connects to.

A peer that accepts and does not read is worse for Vault than none. On a Unix socket
the backlog accepts for us, so it is 1: with 100, a hung forwarder cut Vault to a
sixtieth of its rate. On TCP a short backlog makes Vault wait for its dials instead, so
it is long. Nobody can connect before the socket has the configured mode and group.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

_UNIX_BACKLOG = 1
_TCP_BACKLOG = 128


class ListenError(Exception):
    """A listener cannot be bound: what, where, and what to do."""


def bind_unix(
    path: Path, *, mode: int = 0o660, group: str | None = None
) -> socket.socket:
    """Listen at ``path``; a socket that nobody listens on is replaced.

    Raises ListenError, also when something else is at ``path`` or listens on it.
    """
    if not path.parent.is_dir():
        raise ListenError(
            f"cannot listen on {path}: the directory {path.parent} does not exist; "
            "create it, writable for this user and reachable for Vault"
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        listener.bind(os.fspath(path))
        if group is not None:
            shutil.chown(path, group=group)
        path.chmod(mode)
        listener.listen(_UNIX_BACKLOG)  # until here nobody can connect
    except (OSError, LookupError) as error:
        listener.close()
        raise ListenError(f"cannot listen on {path}: {_reason(error)}") from error
    except ListenError:
        listener.close()
        raise
    return listener


def bind_tcp(host: str, port: int) -> socket.socket:
    """Listen on ``host`` (a name or an address of either family) and ``port``.

    Raises ListenError.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        return socket.create_server(
            address[:2],
            family=family,
            backlog=_TCP_BACKLOG,
        )
    except OSError as error:
        raise ListenError(
            f"cannot listen on {where}: {error.strerror}; choose an address of this "
            "host and a port that is free"
        ) from error


def _remove_stale(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise ListenError(
            f"cannot listen on {path}: it exists and is no socket; "
            "remove it or choose another path"
        )
    if _is_live(path):
        raise ListenError(
            f"cannot listen on {path}: another process listens there; "
            "stop it or choose another path"
        )
    path.unlink()


def _is_live(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:  # its backlog is full
            return True
        return True


def _reason(error: OSError | LookupError) -> str:
    if isinstance(error, LookupError):
        return "there is no such group; create it or correct the name"
    if isinstance(error, PermissionError):
        return (
            "this user may not; make the directory writable for it, "
            "and the user a member of the socket's group"
        )
    return f"{error.strerror or error}; choose another path"
