"""The forwarder under a supervisor that listens as systemd does."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.forwarder.process import DEADLINE, ForwarderProcess

pytestmark = pytest.mark.integration

Configure = Callable[..., Path]
Run = Callable[..., ForwarderProcess]


def hear(systemd: socket.socket, message: str) -> None:
    """Wait for a message; signs of life may come in between."""
    heard = ""
    while heard != message:
        assert heard in ("", "WATCHDOG=1")
        heard = systemd.recv(1000).decode().split("\n")[0]


def test_systemd_hears_of_every_stage_and_of_the_reader(
    tmp_path: Path, configure: Configure, run: Run
) -> None:
    """Ready once it listens, alive while it reads, then reloading and stopping."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(DEADLINE)
        told = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1000000"}
        forwarder = run(configure(), **told)

        hear(systemd, "READY=1")
        with socket.socket(socket.AF_UNIX) as vault:
            vault.connect(str(tmp_path / "audit.sock"))
        hear(systemd, "WATCHDOG=1")
        forwarder.signal(signal.SIGHUP)
        hear(systemd, "RELOADING=1")
        hear(systemd, "READY=1")
        forwarder.signal(signal.SIGTERM)
        hear(systemd, "STOPPING=1")
        assert forwarder.end() == 0
