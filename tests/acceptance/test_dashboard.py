"""The dashboard over a running installation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.prometheus import BINARY, Prometheus
from tests.acceptance.scene import Build, Scene
from tests.unit.monitoring.monitored import queries

pytestmark = pytest.mark.skipif(
    BINARY is None, reason="prometheus (Debian: prometheus) is missing"
)

_MEANT = {
    "$receiver": "vault-replicator",
    "$forwarder": "vault-audit-forwarder",
    "$__rate_interval": "30s",
}
_PATIENCE_SECONDS = 30.0


@pytest.fixture
def installation(build: Build) -> Scene:
    """With the usual schedule, so that what is about it is there."""
    return build(replicator={"reconcile": {"interval": "30m"}})


@pytest.fixture
def prometheus(tmp_path: Path, installation: Scene) -> Iterator[Prometheus]:
    running = Prometheus(
        tmp_path / "prometheus",
        {
            "vault-replicator": [installation.receiver.address],
            "vault-audit-forwarder": [installation.forwarder.address],
        },
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_no_query_is_empty(installation: Scene, prometheus: Prometheus) -> None:
    """While secrets are written, every query of every panel has something to show."""
    empty = {_meant(query) for query in queries()}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for number in count():
        if not empty or time.monotonic() > deadline:
            break
        path = f"app/{number}"
        installation.arrives(path, installation.put(path, a="b"))
        empty = {query for query in empty if not prometheus.values(query)}

    assert empty == set()


def _meant(query: str) -> str:
    for variable, value in _MEANT.items():
        query = query.replace(variable, value)
    return query
