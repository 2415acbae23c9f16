"""Builds the forwarder from its settings and runs it until told to end.

The only module that knows every part. The order of starting: everything that can be
refused (spool, keys, sockets) before anything listens; the order of ending: the readers
first, so that nothing Vault has written is lost, then each part after the one that
feeds it. What could not be sent stays in the spool.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import structlog

from vault_audit_forwarder import __version__, wire
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.handoff import Handoff
from vault_audit_forwarder.heartbeat import HeartbeatSender
from vault_audit_forwarder.inputs import Inputs
from vault_audit_forwarder.metrics import ForwarderMetrics
from vault_audit_forwarder.origin import Origin
from vault_audit_forwarder.program import logs
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.http_status import HttpStatus
from vault_audit_forwarder.program.private_files import FileLock, InUse, make_private
from vault_audit_forwarder.program.tracing import CLOSE_WITHIN, Tracing
from vault_audit_forwarder.reader_stats import newest_entry_time
from vault_audit_forwarder.sender import Sender
from vault_audit_forwarder.settings import (
    EXPOSED,
    PLAIN,
    Settings,
    TcpListener,
)
from vault_audit_forwarder.signing_keys import SigningKeys
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError
from vault_audit_forwarder.spooler import Spooler
from vault_audit_forwarder.webhook import Webhook

#: From the signal to the end, for everything that is under way; with the traces' turn
#: after it twenty seconds.
END_WITHIN_SECONDS = 20.0 - CLOSE_WITHIN
# The reader waits this long at most for a thread that computes; the default of 5 ms
# is a stall that Vault's clients would see.
_SWITCH_INTERVAL_SECONDS = 0.0005

log = structlog.get_logger(__name__)


class Forwarder:
    """All parts of one forwarder, built and bound, not yet running."""

    def __init__(
        self,
        settings: Settings,
        *,
        tracing: Tracing | None = None,
        end_within: float = END_WITHIN_SECONDS,
    ) -> None:
        """Raises CommandError when a file, a key or an address cannot be used."""
        self._settings = settings
        self._tracing = tracing
        self._end_within = end_within
        self._stats = DeliveryStats()
        with ExitStack() as undo:
            self._spool = _open_spool(settings, undo)
            self._webhook = _open_webhook(settings, undo)
            self._handoff = Handoff(mounts=settings.mounts)
            self._build_senders()
            self._inputs = Inputs(
                settings,
                self._handoff,
                self._spool,
                stored=self._sender.wake,
                undo=undo,
            )
            self._status = self._open_status(undo)
            self._undo = undo.pop_all()

    @property
    def status_port(self) -> int | None:
        """The port of /metrics and /healthz, if there is one."""
        return self._status.port if self._status else None

    def start(self) -> None:
        """Begin: from here Vault may connect and will be read."""
        sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
        self._inputs.start()
        self._spooler.start()
        self._sender.start()
        self._heartbeat.start()
        if self._status is not None:
            self._status.start()
        self._warn()
        log.info("forwarder started", version=__version__, port=self.status_port)

    def stop(self) -> None:
        """End gracefully, within the time given."""
        log.info("ending")
        deadline = time.monotonic() + self._end_within

        def left() -> float:
            return max(0.0, deadline - time.monotonic())

        self._inputs.stop()
        self._handoff.close()
        self._spooler.drain(left())
        self._sender.drain(left())
        self._heartbeat.stop(left())
        log.info("forwarder ended", waiting=self._waiting())
        self._undo.close()

    def reload(self, settings: Settings) -> None:
        """Take over the log level and key files. Raises CommandError; then nothing."""
        keys = SigningKeys(settings.receiver.signing_key_file)
        self._webhook.renew(settings.receiver, keys.current)
        logs.set_level(settings.log_level)
        self._sender.hurry()
        log.info("log level and key files were read again")

    def health(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether this process does its work; the body says why not."""
        threads = (*self._inputs.threads, self._spooler, self._sender)
        faults = [f"the {one.name} is dead" for one in threads if not one.is_alive()]
        faults += self._inputs.unreadable
        faults += self._stats.failing_for(self._settings.tolerance)
        missing = self._inputs.missing
        return not faults, {
            "healthy": not faults,
            "faults": faults,
            "missing": missing,
        }

    def _warn(self) -> None:
        if self._settings.receiver.is_plain:
            log.warning(PLAIN)
        for listener in self._settings.listen:
            if isinstance(listener, TcpListener) and listener.is_exposed:
                log.warning(EXPOSED, listener=str(listener.tcp))

    def _build_sender(self, origin: Origin) -> Sender:
        if self._tracing is None:
            return Sender(self._spool, self._webhook, origin, self._stats)
        from vault_audit_forwarder.change_spans import ChangeSpans

        traced = ChangeSpans(self._tracing.tracer, origin, self._webhook)
        return Sender(self._spool, traced, traced, self._stats)

    def _build_senders(self) -> None:
        settings = self._settings
        origin = Origin(source=settings.source, forwarder=settings.name)
        self._sender = self._build_sender(origin)
        self._spooler = Spooler(
            self._handoff,
            self._spool,
            stored=self._sender.wake,
            mounts=settings.mounts,
        )
        self._heartbeat = HeartbeatSender(
            self._webhook,
            origin,
            self._stats,
            observe=self._observe,
            interval=settings.heartbeat,
        )

    def _observe(self) -> wire.Heartbeat:
        readers = self._inputs.stats
        gaps = sum(sum(one.gaps.values()) for one in readers)
        return wire.Heartbeat(
            last_entry_time=newest_entry_time(readers),
            entries=sum(one.entries for one in readers),
            events=sum(sum(one.events.values()) for one in readers),
            spool=self._spool.pending().events,
            gaps=gaps + sum(self._spool.gaps.values()),
            version=__version__,
        )

    def _open_status(self, undo: ExitStack) -> HttpStatus | None:
        if self._settings.metrics is None:
            return None
        metrics = ForwarderMetrics(self._inputs.stats, self._spool, self._stats)
        status = HttpStatus(
            self._settings.metrics, registry=metrics.registry(), health=self.health
        )
        undo.callback(status.stop)
        return status

    def _waiting(self) -> int | None:
        try:
            return self._spool.pending().events
        except SpoolError:
            return None


def _open_spool(settings: Settings, undo: ExitStack) -> Spool:
    path = settings.spool.path
    try:
        make_private(path)
        lock = FileLock(path)
    except InUse:
        raise CommandError(
            f"another forwarder uses the spool {path}: end it, or give each its own"
        ) from None
    except OSError as error:
        raise CommandError(
            f"the spool {path} cannot be used ({error.strerror}): make its directory "
            "writable for this user"
        ) from error
    undo.callback(lock.release)
    limits = settings.spool
    try:
        spool = Spool(path, max_events=limits.max_events, mounts=settings.mounts)
    except SpoolError as error:
        raise CommandError(f"the spool {path} cannot be used: {error}") from error
    undo.callback(spool.close)
    return spool


def _open_webhook(settings: Settings, undo: ExitStack) -> Webhook:
    keys = SigningKeys(settings.receiver.signing_key_file)
    webhook = Webhook(settings.receiver, keys.current)
    undo.callback(webhook.close)
    return webhook
