"""What the stream may have lost is in AWS without waiting for the schedule.

The forwarder is told to leave our mount out, so that no event ever tells of it: what
arrives was found by the comparison that a gap asked for.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import closing

import pytest
import yaml

from tests.acceptance.evidence import compares
from tests.acceptance.scene import Build, Scene, wait_until
from tests.acceptance.vault_operator import VaultOperator

_RESET = struct.pack("ii", 1, 0)
_LONGER_THAN_A_LINE = 65 * 1024 * 1024


def connected(scene: Scene) -> socket.socket:
    """A connection to the forwarder, as another audit device would make it."""
    config = scene.installation.directory / "forwarder-1.yaml"
    (listen,) = yaml.safe_load(config.read_text())["listen"]
    if "unix" in listen:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(listen["unix"])
        return peer
    host, _, port = listen["tcp"].rpartition(":")
    return socket.create_connection((host, int(port)))


def comes_and_goes(scene: Scene) -> None:
    connected(scene).close()


def ends_within_a_line(scene: Scene) -> None:
    with connected(scene) as peer:
        peer.sendall(b'{"time":"2026-11-23T10:00:00Z","type":"resp')


def is_reset_within_a_line(scene: Scene) -> None:
    with connected(scene) as peer:
        peer.sendall(b'{"time":"2026-11-23T10:00:00Z","type":"resp')
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def sends_too_long_a_line(scene: Scene) -> None:
    with connected(scene) as peer:
        peer.sendall(b"x" * _LONGER_THAN_A_LINE + b"\n")


def sends_what_is_no_entry(scene: Scene) -> None:
    with connected(scene) as peer:
        peer.sendall(b'{"type":"response","request":{"path":\n')


@pytest.mark.parametrize(
    ("audit", "happens"),
    [
        ("unix", comes_and_goes),
        ("unix", ends_within_a_line),
        ("tcp", is_reset_within_a_line),
        ("unix", sends_too_long_a_line),
        ("unix", sends_what_is_no_entry),
    ],
)
def test_each_gap_is_compared_at_once(
    build: Build, audit: str, happens: Callable[[Scene], None]
) -> None:
    """Nobody told of the write; the gap made us look."""
    scene = build(audit=audit, forwarder={"mounts": ["another"]})
    compares(scene)
    written = scene.put("app/db", a="b")

    happens(scene)

    scene.arrives("app/db", written)


def test_a_vault_that_is_sealed_just_then_is_compared_when_it_is_back(
    build: Build,
) -> None:
    """The comparison fails, and is tried again until it does not."""
    scene = build(forwarder={"mounts": ["another"]})
    compares(scene)
    written = scene.put("app/db", a="b")
    with closing(VaultOperator(scene.installation)) as operator:
        operator.seal()
        comes_and_goes(scene)
        wait_until(lambda: bool(scene.status()["faults"]), "it cannot be compared")
        operator.unseal()

    scene.arrives("app/db", written)


def test_a_full_spool_is_a_gap(build: Build) -> None:
    """What has no room is dropped, never held against Vault; and found afterwards."""
    scene = build(forwarder={"spool": {"path": "small/spool.db", "max_events": 5}})
    scene.settles()
    scene.receiver.stop()
    written = [scene.put(f"app/{number}", a="b") for number in range(20)]
    scene.receiver.start()

    for number, one in enumerate(written):
        scene.arrives(f"app/{number}", one)
