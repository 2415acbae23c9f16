"""The images' content, built by the Dockerfile's own lines, and run as it will be:
by another user, in a tree that it cannot write to, below an init.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from receiver.demo.child import free_port
from receiver.settings import schema as receiver_schema
from tests.infra.container import ENVIRONMENT, Container
from tests.infra.dockerfile import BuildHost, stages
from vault_audit_forwarder.settings import schema as forwarder_schema

pytestmark = pytest.mark.integration

Start: TypeAlias = Callable[[str, str], Container]


def _python_for_everybody() -> Path | None:
    """An interpreter that any user can start; one below /root is none."""
    for one in (Path(sys.base_prefix, "bin", "python3"), Path("/usr/bin/python3")):
        real = one.resolve()
        if one.exists() and all(at.stat().st_mode & 0o001 for at in real.parents):
            version = subprocess.check_output([real, "-c", _PRINT_VERSION], text=True)
            if version.strip() == "True":
                return real
    return None


_PRINT_VERSION = "import sys, sqlite3; print(sys.version_info >= (3, 11))"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory that every user can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture(scope="module")
def image(place: Path) -> Path:
    """The environments of both images, below the names of their programs."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    python = _python_for_everybody()
    if python is None:
        pytest.skip("no Python 3.11 that another user could start")
    host, found = BuildHost(place), stages()
    for name in ("tools", "wheel"):
        host.run(found[name])
    host.use(python)
    for name in ("forwarder", "receiver"):
        host.run(found[f"{name}-app"], app=name)
    return place


def output(*command: object) -> str:
    """What a command of an image prints, away from the checkout."""
    return subprocess.check_output(
        [str(one) for one in command], text=True, cwd="/", env=ENVIRONMENT
    )


def test_the_commands_start_away_from_the_checkout(image: Path) -> None:
    """Both programs know their configuration, also by the distribution's own name."""
    forwarder, receiver = image / "forwarder" / "bin", image / "receiver" / "bin"

    assert json.loads(output(forwarder / "vault-audit-forwarder", "schema")) == (
        forwarder_schema()
    )
    for name in ("vault-replicator", "vault-secrets-replicator"):
        assert json.loads(output(receiver / name, "schema")) == receiver_schema()


def test_the_forwarder_brings_nothing_that_it_does_not_need(image: Path) -> None:
    """No AWS library, no web framework and no pip on a Vault host."""
    packages = next((image / "forwarder" / "lib").glob("python*/site-packages"))
    found = {one.name for one in packages.iterdir()}
    assert "vault_audit_forwarder" in found
    assert not found & {"boto3", "botocore", "fastapi", "hvac", "pip", "uv"}


@pytest.fixture
def start(image: Path) -> Iterator[Start]:
    """Starts programs of the images; kills those that still run."""
    if shutil.which("tini") is None:
        pytest.skip("no tini here: Debian's package of that name")
    namespaces = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "true"]
    if subprocess.run(namespaces, capture_output=True).returncode:
        pytest.skip("this machine gives no namespaces of processes and mounts")
    with ExitStack() as ending:

        def starting(name: str, config: str) -> Container:
            container = Container(image, name, config)
            ending.callback(container.kill)
            return container

        yield starting


def forwarder_config(port: int) -> str:
    return (
        "source: vault-prod\nname: vault-1\nwatchdog: 1s\n"
        "listen: [{unix: audit.sock}]\n"
        "receiver: {url: 'http://127.0.0.1:1/v1/events', signing_key_file: key}\n"
        f"spool: {{path: var/spool.db}}\nmetrics: 127.0.0.1:{port}\n"
    )


def receiver_config(port: int) -> str:
    return (
        f"listen: 127.0.0.1:{port}\n"
        "vault:\n  address: http://127.0.0.1:1\n  source: vault-prod\n"
        "  auth: {method: token, token_file: key}\n"
        "aws: {region: eu-central-1, endpoint_url: 'http://127.0.0.1:1'}\n"
        "webhook: {signing_key_files: [key]}\nfingerprint: {key_files: [key]}\n"
        "rules: [{name: all, mount: kv}]\n"
        "queue: {kind: sqlite, path: var/state.db}\n"
    )


CONFIGS = {"forwarder": forwarder_config, "receiver": receiver_config}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_program_needs_nothing_but_its_state(start: Start, name: str) -> None:
    """It runs as nobody in a read-only tree, is healthy, and ends well on SIGTERM."""
    port = free_port()
    container = start(name, CONFIGS[name](port))

    container.healthy(f"http://127.0.0.1:{port}/healthz")
    os.kill(container.processes[0], signal.SIGTERM)

    assert container.end() == 0
    written = {one.name for one in (container.state / "var").iterdir()}
    assert written & {"spool.db", "state.db"}


def test_a_hung_forwarder_ends_its_container(start: Start) -> None:
    """Its watchdog can kill it below an init, and the init passes that on."""
    port = free_port()
    container = start("forwarder", forwarder_config(port))
    container.healthy(f"http://127.0.0.1:{port}/healthz")

    _, program = container.processes
    os.kill(program, signal.SIGSTOP)

    assert container.end() == 128 + signal.SIGKILL
