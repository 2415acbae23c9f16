"""The small listener for metrics and health."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from vault_audit_forwarder.program.config_types import HostPort
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.http_status import HttpStatus

pytestmark = pytest.mark.integration


class Verdict:
    """What the health function answers; tests change it."""

    def __init__(self) -> None:
        self.answer: tuple[bool, Mapping[str, Any]] = (True, {"faults": []})

    def __call__(self) -> tuple[bool, Mapping[str, Any]]:
        return self.answer


@pytest.fixture
def verdict() -> Verdict:
    return Verdict()


@pytest.fixture(params=["127.0.0.1", "::1"])
def status(
    request: pytest.FixtureRequest, verdict: Verdict
) -> Iterator[tuple[HttpStatus, str]]:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc()
    address = HostPort(request.param, 0)
    listener = HttpStatus(address, registry=registry, health=verdict)
    listener.start()
    yield listener, f"http://{HostPort(address.host, listener.port)}"
    listener.stop()


def get(url: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["content-type"], error.read().decode()


def test_metrics_are_those_of_the_registry(status: tuple[HttpStatus, str]) -> None:
    """In Prometheus' text form."""
    code, content_type, text = get(f"{status[1]}/metrics")

    assert code == 200
    assert content_type.startswith("text/plain")
    assert "things_total 1.0" in text


def test_health_is_asked_each_time(
    status: tuple[HttpStatus, str], verdict: Verdict
) -> None:
    """200 while well, 503 with the reasons when not."""
    url = f"{status[1]}/healthz"
    assert get(url)[0] == 200

    verdict.answer = (False, {"faults": ["the reader is dead"]})
    code, _, text = get(url)

    assert code == 503
    assert json.loads(text) == {"faults": ["the reader is dead"]}


def test_nothing_else_is_there(status: tuple[HttpStatus, str]) -> None:
    """Other paths are 404."""
    assert get(f"{status[1]}/other")[0] == 404


def test_an_address_in_use_is_an_error_for_the_reader(verdict: Verdict) -> None:
    """It names the address and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = HostPort("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(CommandError, match=f"cannot listen on {address}"):
            HttpStatus(address, registry=CollectorRegistry(), health=verdict)


def test_one_that_was_never_started_can_be_stopped(verdict: Verdict) -> None:
    """A start that fails half-way gives its port back."""
    address = HostPort("127.0.0.1", 0)
    listener = HttpStatus(address, registry=CollectorRegistry(), health=verdict)
    port = listener.port
    listener.stop()

    socket.create_server(("127.0.0.1", port)).close()
