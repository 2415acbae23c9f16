"""Lines in the forwarder's socket, written as Vault writes them."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.acceptance.evidence import vault_reads
from tests.acceptance.scene import Scene, metric, wait_until


class Device:
    """A connection to the forwarder on which one write of the past is told again."""

    def __init__(self, scene: Scene, path: str, peer: socket.socket) -> None:
        self._scene = scene
        self._path = f"{scene.mount}/data/{scene.inside(path)}"
        self._peer = peer
        self._id = str(uuid.uuid4())

    def says(self, kind: str, **request: Any) -> None:
        """The ``kind`` entry of the write under a new request id; ``request`` replaces
        attributes. Returns when the forwarder has the line."""
        entry = self._logged(kind)
        entry["request"] |= {"id": self._id, **request}
        received = self._received()
        self._peer.sendall(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        wait_until(lambda: self._received() > received, "the line was received")

    def _logged(self, kind: str) -> dict[str, Any]:
        with self._scene.installation.openbao.audit_log.open() as lines:
            for line in lines:
                entry: dict[str, Any] = json.loads(line)
                request = entry["request"]
                place = (entry["type"], request["operation"], request["path"])
                if place == (kind, "create", self._path):
                    return entry
        raise AssertionError(f"no {kind} in the audit log")

    def _received(self) -> float:
        name = "vault_audit_forwarder_entries_total"
        return metric(self._scene.forwarder, name) or 0


@contextmanager
def device(scene: Scene, path: str) -> Iterator[Device]:
    """Closing it is a gap, which the receiver answers with a comparison."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(scene.installation.directory / "audit-1.sock"))
        yield Device(scene, path, peer)


@pytest.fixture
def living(plain: Scene) -> Scene:
    """A scene in which ``app/db`` is in AWS and nothing is under way."""
    plain.arrives("app/db", plain.put("app/db", a="b"))
    plain.settles()
    return plain


def test_a_request_without_its_response_triggers_no_read(living: Scene) -> None:
    """Vault logs a request before it carries it out: a read now would be too early."""
    reads = vault_reads(living, "app/db")
    with device(living, "app/db") as vault:
        vault.says("request")
        living.settles()
        assert vault_reads(living, "app/db") == reads

        vault.says("response")
        wait_until(lambda: vault_reads(living, "app/db") > reads, "the secret is read")


def test_a_secret_recovered_from_a_snapshot_is_looked_at(living: Scene) -> None:
    """Vault Enterprise logs it as ``recover``; the receiver reads what is there now."""
    reads = vault_reads(living, "app/db")
    with device(living, "app/db") as vault:
        vault.says("request", operation="recover")
        vault.says("response", operation="recover")

        wait_until(lambda: vault_reads(living, "app/db") > reads, "the secret is read")
