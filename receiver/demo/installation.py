"""A whole installation: OpenBao, forwarders, receiver, between them the real files.

The parts start in the order an operator would choose: the forwarder listens before
Vault writes its first audit entry, and the receiver gets a token that can read the
replicated mounts and nothing else. Everything lies in one directory and ends with it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from receiver.demo.child import free_port
from receiver.demo.openbao import OpenBao
from receiver.demo.programs import (
    VAULT_TOKEN,
    Keys,
    Program,
    forwarder_document,
    forwarder_program,
    receiver_program,
    replicator_document,
    write_secret,
)
from receiver.demo.vault import Vault, reading_policy

_SPOOL_EMPTY = "\nvault_audit_forwarder_spool_events 0.0\n"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A KV mount to be made; names without outer slashes."""

    name: str
    namespace: str = ""
    version: int = 2

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}".removeprefix("/")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What an installation consists of.

    ``forwarder`` and ``replicator`` replace top-level keys of the two configuration
    files. ``audit`` is ``unix`` or ``tcp``; each forwarder has a device of its own.
    """

    mounts: Sequence[Mount]
    rules: Sequence[Mapping[str, Any]]
    source: str = "vault-demo"
    audit: str = "unix"
    forwarders: int = 1
    forwarder: Mapping[str, Any] = field(default_factory=dict)
    replicator: Mapping[str, Any] = field(default_factory=dict)


class Installation:
    """Built stopped; :meth:`start` brings it up, :meth:`stop` ends every process."""

    def __init__(self, directory: Path, layout: Layout, *, aws_endpoint: str) -> None:
        self.directory = directory
        self.layout = layout
        self.keys = Keys()
        self.audit_addresses = [
            self._audit_address(n) for n in range(layout.forwarders)
        ]
        self.openbao = OpenBao(directory, audit_addresses=self.audit_addresses)
        self.state = directory / "state" / "state.db"
        self._aws_endpoint = aws_endpoint
        self._receiver_port = free_port()
        self.forwarders = [
            self._forwarder(number, address)
            for number, address in enumerate(self.audit_addresses, start=1)
        ]
        self._vaults: dict[str, Vault] = {}
        self._receiver: Program | None = None

    @property
    def forwarder(self) -> Program:
        return self.forwarders[0]

    @property
    def receiver(self) -> Program:
        if self._receiver is None:
            raise RuntimeError("the installation was never started")
        return self._receiver

    def start(self) -> None:
        """Bring everything up. Raises NoBinary, StartError."""
        self.keys.write(self.directory)
        for forwarder in self.forwarders:
            forwarder.start()
        self.openbao.start()
        self._prepare_vault()
        document = replicator_document(
            port=self._receiver_port,
            source=self.layout.source,
            vault=self.openbao.address,
            aws=self._aws_endpoint,
            rules=self.layout.rules,
        )
        document.update(self.layout.replicator)
        port = self._receiver_port
        self._receiver = receiver_program(self.directory, document, port=port)
        self._receiver.start()

    def stop(self, *, patience: float = 30.0) -> None:
        """End every process that runs; clients of Vault are closed."""
        for vault in self._vaults.values():
            vault.close()
        if self._receiver is not None:
            self._receiver.stop(patience=patience)
        for forwarder in self.forwarders:
            forwarder.stop(patience=patience)
        self.openbao.stop()

    def settle(self, *, seconds: float = 10.0) -> None:
        """Wait until the forwarders have handed over what they saw of the start.

        They may have met a receiver that was not there yet and be waiting to try
        again; the first change made now would wait with them.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if all(
                _SPOOL_EMPTY in forwarder.metrics() for forwarder in self.forwarders
            ):
                return
            time.sleep(0.05)

    def vault(self, namespace: str = "") -> Vault:
        """A client that may do everything there; closed with the installation."""
        if namespace not in self._vaults:
            address, token = self.openbao.address, self.openbao.root_token
            self._vaults[namespace] = Vault(address, token, namespace=namespace)
        return self._vaults[namespace]

    def _prepare_vault(self) -> None:
        root = self.vault()
        policy = ""
        for namespace in sorted({mount.namespace for mount in self.layout.mounts}):
            if namespace:
                root.create_namespace(namespace)
        for mount in self.layout.mounts:
            self.vault(mount.namespace).enable_kv(mount.name, version=mount.version)
            policy += reading_policy(mount.full_name, version=mount.version)
        root.create_policy("replicator", policy)
        write_secret(self.directory / VAULT_TOKEN, root.create_token("replicator"))

    def _audit_address(self, number: int) -> str:
        if self.layout.audit == "tcp":
            return f"127.0.0.1:{free_port()}"
        return str(self.directory / f"audit-{number + 1}.sock")

    def _forwarder(self, number: int, audit_address: str) -> Program:
        name = f"forwarder-{number}"
        port = free_port()
        document = forwarder_document(
            name=name,
            source=self.layout.source,
            listen=audit_address,
            receiver=f"http://127.0.0.1:{self._receiver_port}",
            metrics_port=port,
        )
        document.update(self.layout.forwarder)
        return forwarder_program(self.directory, document, name=name, port=port)
