"""The images' health check, against the listener that it will ask."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from vault_audit_forwarder.program.config_types import HostPort
from vault_audit_forwarder.program.http_status import HttpStatus

pytestmark = pytest.mark.integration

CHECK = Path(__file__).parents[2] / "infra" / "docker" / "healthcheck.py"


@pytest.fixture(params=[True, False], ids=["healthy", "unhealthy"])
def status(request: pytest.FixtureRequest) -> Iterator[tuple[bool, str]]:
    """Whether a program is healthy, and where it says so."""
    listener = HttpStatus(
        HostPort("127.0.0.1", 0),
        registry=CollectorRegistry(),
        health=lambda: (request.param, {}),
    )
    listener.start()
    yield request.param, f"http://127.0.0.1:{listener.port}/healthz"
    listener.stop()


def exit_code(url: str, **env: str) -> int:
    command = [sys.executable, "-I", CHECK, url]
    return subprocess.run(command, env=env, capture_output=True).returncode


def test_the_exit_code_is_the_programs_health(status: tuple[bool, str]) -> None:
    """0 for healthy, 1 for anything else: docker knows no third."""
    healthy, url = status
    assert exit_code(url) == (0 if healthy else 1)


def test_the_environment_names_another_address(status: tuple[bool, str]) -> None:
    """HEALTHCHECK_URL takes the place of what the image asks for."""
    healthy, url = status
    nobody = "http://127.0.0.1:1/healthz"
    assert exit_code(nobody, HEALTHCHECK_URL=url) == (0 if healthy else 1)


def test_nobody_there_is_unhealthy() -> None:
    """A program that has not started, or has ended."""
    assert exit_code("http://127.0.0.1:1/healthz") == 1
