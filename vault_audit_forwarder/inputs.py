"""Everything that reads Vault's audit stream, behind one start and one stop.

Sockets and files each have a thread, and a configuration may have either or both. Only
a thread that could hold Vault up is watched: the reader of sockets when there are any;
else the reader of files, so that a forwarder which hangs does not go unnoticed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from socket import socket

from vault_audit_forwarder.file_reader import FileReader
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.listener import ListenError, bind_tcp, bind_unix
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.reader import Reader
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.settings import (
    Settings,
    TcpListener,
    UnixListener,
)
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError
from vault_audit_forwarder.watchdog import Watchdog


class Inputs:
    """Bound, not yet reading. ``undo`` gets what takes this back.

    Sockets go to ``handoff``, files to ``spool``: after that ``stored`` is called.
    ``beat`` hears of the watched thread as often as the watchdog does.
    """

    def __init__(
        self,
        settings: Settings,
        handoff: Handoff,
        spool: Spool,
        *,
        stored: Callable[[], None],
        beat: Callable[[], None],
        undo: ExitStack,
    ) -> None:
        """Raises CommandError when a socket or the spool cannot be used."""
        self._watchdog = Watchdog()
        self._told = beat
        self._timeout = settings.watchdog
        self._sockets: Reader | None = None
        self._files: FileReader | None = None
        mounts, watched = settings.mounts, self._beat
        if bound := _bind_all(settings, undo):
            self._sockets = Reader(bound, handoff, mounts=mounts, beat=watched)
            undo.callback(self._sockets.stop)
            watched = _unwatched
        if files := settings.files:
            try:
                self._files = FileReader(
                    files, spool, stored=stored, mounts=mounts, beat=watched
                )
            except SpoolError as error:
                where = settings.spool.path
                raise CommandError(
                    f"the spool {where} cannot be used: {error}"
                ) from error

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        """Those that have to live."""
        return tuple(one for one in (self._sockets, self._files) if one is not None)

    @property
    def stats(self) -> tuple[ReaderStats, ...]:
        """What each of them has counted."""
        readers = (self._sockets, self._files)
        return tuple(one.stats for one in readers if one is not None)

    @property
    def missing(self) -> list[str]:
        """Files that are not there yet; nothing to worry about before Vault starts."""
        return self._files.missing if self._files else []

    @property
    def unreadable(self) -> list[str]:
        """Files that cannot be read, and why."""
        return self._files.unreadable if self._files else []

    def start(self) -> None:
        """Begin to read, under the watchdog."""
        if self._timeout:
            self._watchdog.start(self._timeout)
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """End; nothing that Vault has written to a socket is lost."""
        if self._sockets is not None:
            self._sockets.stop()
        self._watchdog.stop()  # the end may take longer than it would wait
        if self._files is not None:
            self._files.stop()

    def _beat(self) -> None:
        self._watchdog.beat()
        self._told()


def _unwatched() -> None:
    pass


def _bind_all(settings: Settings, undo: ExitStack) -> list[socket]:
    bound: list[socket] = []
    for one in settings.listen:
        try:
            if isinstance(one, UnixListener):
                bound.append(bind_unix(one.unix, mode=one.mode, group=one.group))
            elif isinstance(one, TcpListener):
                bound.append(bind_tcp(one.tcp.host, one.tcp.port))
            else:
                continue
        except ListenError as error:
            raise CommandError(str(error)) from error
        undo.callback(bound[-1].close)
    return bound
