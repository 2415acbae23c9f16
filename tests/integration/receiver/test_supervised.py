"""The receiver under a supervisor that listens as systemd does."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from receiver.demo.child import free_port, isolated
from vault_audit_forwarder.signing import new_key

pytestmark = pytest.mark.integration

DEADLINE = 30.0
ROOT = Path(__file__).parents[3]


def configured(directory: Path) -> Path:
    """A configuration whose Vault and AWS are not there; that stops nothing."""
    (directory / "key").write_text(new_key())
    file = directory / "replicator.yaml"
    file.write_text(
        f"listen: 127.0.0.1:{free_port()}\n"
        "vault: {address: 'http://127.0.0.1:1', source: vault-prod,\n"
        "  auth: {method: token, token_file: key}}\n"
        "aws: {region: eu-central-1, endpoint_url: 'http://127.0.0.1:1'}\n"
        "webhook: {signing_key_files: [key]}\n"
        "fingerprint: {key_files: [key]}\n"
        "rules: [{name: all, mount: kv}]\n"
        "queue: {kind: sqlite, path: state.db}\n"
    )
    return file


def test_systemd_hears_of_every_stage(tmp_path: Path) -> None:
    """Ready once it listens, reloading and ready again at SIGHUP, then stopping."""
    config = configured(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(DEADLINE)
        process = subprocess.Popen(
            [sys.executable, "-m", "receiver", "serve", "--config", config],
            env=isolated({"PATH": "/usr/bin:/bin"})
            | {"NOTIFY_SOCKET": systemd.getsockname()},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        try:
            assert systemd.recv(1000) == b"READY=1"
            process.send_signal(signal.SIGHUP)
            assert systemd.recv(1000).startswith(b"RELOADING=1\n")
            assert systemd.recv(1000) == b"READY=1"
            process.send_signal(signal.SIGTERM)
            assert systemd.recv(1000) == b"STOPPING=1"
            assert process.wait(DEADLINE) == 0
        finally:
            process.kill()
            process.wait(DEADLINE)
