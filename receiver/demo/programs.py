"""The two programs as processes, and the files they read.

They are started exactly as an operator starts them: by command line, with a
configuration file and key files, nothing handed over in memory. The documents follow
the README's samples; whatever a caller adds replaces the top-level key of that name.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from receiver.demo import loopback
from receiver.demo.child import Child, isolated
from receiver.demo.emulator import ENVIRONMENT, REGION
from vault_audit_forwarder import signing

Document: TypeAlias = Mapping[str, Any]

VAULT_TOKEN = "vault.token"


@dataclass(frozen=True)
class Keys:
    """What forwarder, receiver and operator share. Fresh for every installation."""

    signing: str = field(default_factory=signing.new_key, repr=False)
    fingerprint: str = field(
        default_factory=lambda: secrets.token_urlsafe(32), repr=False
    )
    admin_token: str = field(
        default_factory=lambda: secrets.token_urlsafe(24), repr=False
    )

    def write(self, directory: Path) -> None:
        """Put each into its file, readable by its owner alone."""
        write_secret(directory / "signing.key", self.signing)
        write_secret(directory / "fingerprint.key", self.fingerprint)
        write_secret(directory / "admin.token", self.admin_token)


def write_secret(path: Path, text: str) -> None:
    """A file with mode 0600 and one line."""
    path.touch(mode=0o600)
    path.write_text(text + "\n")


class Program:
    """One of our programs: the process, and where it answers over HTTP."""

    def __init__(self, name: str, argv: Sequence[str], *, log: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.child = Child(
            name,
            [sys.executable, "-m", *argv],
            log=log,
            env=isolated(os.environ) | ENVIRONMENT,
        )

    def start(self) -> None:
        """Start it and wait until it is healthy. Raises StartError."""
        self.child.start()
        self.child.wait_ready(self._healthy)

    def stop(self, *, patience: float = 30.0) -> int | None:
        """Ask it to finish. Its exit code; None when it was never started."""
        return self.child.stop(patience=patience)

    def metrics(self) -> str:
        """What Prometheus would read."""
        answer = loopback.request("GET", f"{self.address}/metrics")
        return answer.raise_for_status().text

    def _healthy(self) -> bool:
        return loopback.answers(f"{self.address}/healthz")


def forwarder_program(
    directory: Path, document: Document, *, name: str, port: int
) -> Program:
    """The forwarder ``name``, its configuration written to ``directory``."""
    config = _write(directory / f"{name}.yaml", document)
    argv = ["vault_audit_forwarder", "run", "--config", str(config)]
    return Program(name, argv, log=directory / f"{name}.log", port=port)


def receiver_program(directory: Path, document: Document, *, port: int) -> Program:
    """The receiver, its configuration written to ``directory``."""
    config = _write(directory / "replicator.yaml", document)
    argv = ["receiver", "serve", "--config", str(config)]
    return Program("receiver", argv, log=directory / "receiver.log", port=port)


def forwarder_document(
    *, name: str, source: str, listen: str, receiver: str, metrics_port: int
) -> dict[str, Any]:
    """``forwarder.yaml``. ``listen`` is the path of a socket, or host:port."""
    kind = "unix" if listen.startswith("/") else "tcp"
    return {
        "source": source,
        "name": name,
        "listen": [{kind: listen}],
        "receiver": {
            "url": f"{receiver}/v1/events",
            "signing_key_file": "signing.key",
        },
        "spool": {"path": f"{name}-spool/spool.db"},
        "metrics": f"127.0.0.1:{metrics_port}",
    }


def replicator_document(
    *, port: int, source: str, vault: str, aws: str, rules: Sequence[Document]
) -> dict[str, Any]:
    """``replicator.yaml``. ``vault`` and ``aws`` are addresses."""
    admin = {"name": "operator", "scope": "admin", "token_file": "admin.token"}
    return {
        "listen": f"127.0.0.1:{port}",
        "vault": {
            "address": vault,
            "source": source,
            "auth": {"method": "token", "token_file": VAULT_TOKEN},
        },
        "aws": {"region": REGION, "endpoint_url": aws},
        "webhook": {"signing_key_files": ["signing.key"]},
        "admin": {"tokens": [admin]},
        "fingerprint": {"key_files": ["fingerprint.key"]},
        "rules": [dict(rule) for rule in rules],
        "queue": {"kind": "sqlite", "path": "state/state.db"},
        "reconcile": {"interval": "never", "at_start": True},
    }


def _write(path: Path, document: Document) -> Path:
    path.write_text(yaml.safe_dump(dict(document), sort_keys=False))
    return path
