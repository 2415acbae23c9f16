"""Runs a forwarder under the signals of its supervisor.

SIGTERM and SIGINT end it gracefully with exit code 0, a second one at once. SIGHUP
reads the log level and the key files again and keeps the old when the new are wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import structlog

from vault_audit_forwarder import __version__
from vault_audit_forwarder.app import Forwarder
from vault_audit_forwarder.program import logs
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.signals import Signals
from vault_audit_forwarder.program.tracing import open_tracing
from vault_audit_forwarder.settings import load_settings

_LOG_KEYS = (
    "count",
    "failed_seconds",
    "listener",
    "path",
    "port",
    "reason",
    "request_id",
    "version",
    "waiting",
)

log = structlog.get_logger(__name__)


def serve(config: Path, env: Mapping[str, str]) -> None:
    """Run until told to end. Raises CommandError when it cannot start."""
    settings = load_settings(config, env)
    logs.configure(settings.log_level, keys=_LOG_KEYS)
    threading.excepthook = _thread_died
    signals = Signals()
    signals.install()
    tracing = open_tracing("vault-audit-forwarder", __version__, env)
    forwarder = Forwarder(settings, tracing=tracing)
    forwarder.start()
    while not signals.end:
        signals.wait()
        if signals.reload:
            signals.reload = False
            _reload(forwarder, config, env)
    forwarder.stop()
    if tracing is not None:
        tracing.close()


def _reload(forwarder: Forwarder, config: Path, env: Mapping[str, str]) -> None:
    try:
        forwarder.reload(load_settings(config, env))
    except CommandError as error:
        log.error("not reloaded; the old settings stay", error=error)


def _thread_died(hook: threading.ExceptHookArgs) -> None:
    """Name what ended a thread; Python's own hook prints the message too."""
    name = hook.thread.name if hook.thread else "a thread"
    log.critical(f"the {name} died", error=hook.exc_value)
