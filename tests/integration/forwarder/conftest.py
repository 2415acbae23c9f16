"""One directory with a configuration, a receiver, and processes that are ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.forwarder.process import ForwarderProcess
from tests.unit.forwarder_sending.scripted_receiver import ScriptedReceiver
from vault_audit_forwarder.signing import new_key

GOLDEN = Path(__file__).parents[2] / "contract" / "golden" / "openbao-2.7.2.jsonl"


@pytest.fixture
def receiver() -> Iterator[ScriptedReceiver]:
    with ScriptedReceiver() as running:
        yield running


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The signing key, in its file."""
    text = new_key()
    (tmp_path / "signing.key").write_text(text + "\n")
    return text


@pytest.fixture
def configure(
    tmp_path: Path, receiver: ScriptedReceiver, key: str
) -> Callable[..., Path]:
    """Writes forwarder.yaml; ``more`` is appended, the others replace what is usual."""

    def configured(
        more: str = "", url: str = receiver.url, listen: str = "{unix: audit.sock}"
    ) -> Path:
        file = tmp_path / "forwarder.yaml"
        file.write_text(
            "source: vault-prod\nname: vault-1\n"
            f"listen: [{listen}]\n"
            f"receiver: {{url: '{url}', signing_key_file: signing.key}}\n"
            "spool: {path: var/spool.db}\n"
            f"metrics: 127.0.0.1:0\n{more}"
        )
        return file

    return configured


@pytest.fixture
def run() -> Iterator[Callable[..., ForwarderProcess]]:
    """Starts forwarders; kills those that still run."""
    with ExitStack() as ending:

        def running(config: Path, **env: str) -> ForwarderProcess:
            process = ForwarderProcess(config, **env)
            ending.callback(process.kill)
            return process

        yield running


@pytest.fixture(scope="session")
def audit_lines() -> list[bytes]:
    """A hundred lines that a real OpenBao wrote."""
    return GOLDEN.read_bytes().splitlines()
