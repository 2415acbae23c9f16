"""Runs a receiver under the signals of its supervisor.

SIGTERM and SIGINT end it gracefully with exit code 0, a second one at once. SIGHUP
reads the configuration again and keeps the old one when the new is wrong.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import structlog
import uvicorn
from prometheus_client import disable_created_metrics

from receiver import __version__
from receiver.bootstrap import Receiver
from receiver.settings import Settings, load_settings
from receiver.spans import Spans
from receiver.unhurried import Unhurried
from vault_audit_forwarder.program import logs
from vault_audit_forwarder.program.config_types import HostPort
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.http_status import HttpStatus
from vault_audit_forwarder.program.signals import Signals
from vault_audit_forwarder.program.tracing import CLOSE_WITHIN, open_tracing

#: From the signal to the end, for everything that is in flight; with the traces' turn
#: after it twenty seconds.
END_WITHIN_SECONDS = 20.0 - CLOSE_WITHIN
# Longer than the forwarder keeps an idle connection, so that never both sides use
# and close one at the same moment.
_KEEP_ALIVE_SECONDS = 120
_BACKLOG = 512

_LOG_KEYS = (
    "accepted",
    "action",
    "address",
    "attempts",
    "by",
    "cause",
    "detail",
    "differing",
    "ignored",
    "lag",
    "mount",
    "name",
    "namespace",
    "path",
    "pending",
    "queued",
    "reason",
    "ref",
    "request_id",
    "requests",
    "result",
    "rule",
    "seconds",
    "secrets",
    "source",
    "version",
    "version_id",
    "what",
)

log = structlog.stdlib.get_logger(__name__)


def serve(config: Path, env: Mapping[str, str]) -> None:
    """Run until told to end. Raises CommandError when it cannot start."""
    settings = load_settings(config, env)
    logs.configure(settings.log_level, keys=_LOG_KEYS)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own lack
    signals = Signals()
    signals.install()
    for warning in settings.warnings():
        log.warning(warning)
    with ExitStack() as undo:
        listening = listen(settings.listen)
        undo.callback(listening.close)
        receiver = Receiver(settings, _spans(env, undo))
        receiver.state.on_damage = signals.ask_to_end
        server = _server(receiver, settings)
        _serve_metrics(receiver, settings, undo)
        receiver.start()
        thread = threading.Thread(target=server.run, args=([listening],), name="http")
        thread.start()
        log.info("receiver started", address=str(settings.listen), version=__version__)
        _obey(signals, receiver, config, env)
        _end(server, thread, receiver)
        if receiver.state.is_damaged:
            raise CommandError(
                f"{settings.queue.path} is damaged: start again, which sets it aside "
                "and compares everything"
            )


def _spans(env: Mapping[str, str], undo: ExitStack) -> Spans | None:
    tracing = open_tracing("vault-replicator", __version__, env)
    if tracing is None:
        return None
    from receiver.adapters.otel_spans import RoundSpans

    undo.callback(tracing.close)
    return RoundSpans(tracing.tracer)


def _obey(
    signals: Signals, receiver: Receiver, config: Path, env: Mapping[str, str]
) -> None:
    """Until the end is asked for."""
    while not signals.end:
        signals.wait()
        if signals.reload:
            signals.reload = False
            try:
                settings = load_settings(config, env)
                receiver.reload(settings)
            except CommandError as error:
                log.error("not reloaded; the old settings stay", error=error)
            else:
                logs.set_level(settings.log_level)
                log.info("configuration read again")


def _end(server: uvicorn.Server, thread: threading.Thread, receiver: Receiver) -> None:
    """Requests first: what they still queue is done or kept by the workers."""
    deadline = time.monotonic() + END_WITHIN_SECONDS
    server.should_exit = True
    thread.join(END_WITHIN_SECONDS / 2)
    server.force_exit = True
    thread.join(1.0)
    receiver.stop(max(0.0, deadline - time.monotonic()))


def listen(address: HostPort) -> socket.socket:
    """A listening socket for the web server. Raises CommandError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        listening = socket.create_server(
            (address.host, address.port), family=family, backlog=_BACKLOG
        )
    except OSError as error:
        raise CommandError(
            f"cannot listen on {address} ({error.strerror}): choose another address, "
            "or stop what uses this one"
        ) from error
    # Connections inherit it. Without, an answer's body waits 40 ms for the peer's
    # delayed acknowledgement of its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _server(receiver: Receiver, settings: Settings) -> uvicorn.Server:
    tls = settings.tls
    config = uvicorn.Config(
        receiver.app,
        http=Unhurried,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(END_WITHIN_SECONDS / 2),
        ssl_certfile=tls.cert_file if tls else None,
        ssl_keyfile=tls.key_file if tls else None,
        ssl_ca_certs=str(tls.client_ca_file) if tls and tls.client_ca_file else None,
        ssl_cert_reqs=(
            ssl.CERT_REQUIRED if tls and tls.client_ca_file else ssl.CERT_NONE
        ),
    )
    try:
        config.load()
    except OSError as error:
        raise CommandError(
            f"the files of tls cannot be used ({error.strerror or 'not PEM'}): "
            "give a certificate and its key"
        ) from error
    return uvicorn.Server(config)


def _serve_metrics(receiver: Receiver, settings: Settings, undo: ExitStack) -> None:
    if settings.metrics is None:
        return
    status = HttpStatus(
        settings.metrics,
        registry=receiver.metrics.registry,
        health=lambda: (True, {"healthy": True}),
    )
    undo.callback(status.stop)
    status.start()
