"""Vault's audit file as the forwarder's input, alone and beside its socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.scene import Build, Scene, metric, wait_until


def listen(directory: Path, *kinds: str) -> dict[str, list[dict[str, str]]]:
    """Where the installation's OpenBao writes: a file always, a socket as well."""
    known = {
        "unix": {"unix": str(directory / "audit-1.sock")},
        "file": {"file": str(directory / "openbao-audit.log")},
    }
    return {"listen": [known[kind] for kind in kinds]}


def test_a_file_alone_is_enough(build: Build, tmp_path: Path) -> None:
    """With nobody at the socket, and after a rename without a new start of Vault."""
    scene = build(forwarder=listen(tmp_path, "file"))
    scene.arrives("app/db", scene.put("app/db", a="b"))

    log = scene.installation.openbao.audit_log
    log.rename(f"{log}.1")
    scene.arrives("app/db", scene.put("app/db", a="c"))

    assert scene.value("app/db") == '{"a":"c"}'
    assert len(scene.aws.version_ids(scene.name("app/db"))) == 2


@pytest.mark.parametrize("killed", [False, True], ids=["ended", "killed"])
def test_what_is_written_while_the_forwarder_is_down_is_read_later(
    build: Build, tmp_path: Path, killed: bool
) -> None:
    """From the file, and not by a comparison: the forwarder reports no gap."""
    scene = build(forwarder=listen(tmp_path, "file"))
    scene.arrives("before", scene.put("before", a="b"))
    scene.settles()
    if killed:
        scene.forwarder.child.kill()
    else:
        scene.forwarder.stop()
    written = {path: scene.put(path, a="b") for path in ("one", "two/three")}
    scene.forwarder.start()

    for path, each in written.items():
        scene.arrives(path, each)
    assert metric(scene.forwarder, "vault_audit_forwarder_gaps_total") == 0


def test_one_write_through_both_inputs_is_one_version(
    build: Build, tmp_path: Path
) -> None:
    """Each entry is read twice, told once, and written to AWS once."""
    scene = build(forwarder=listen(tmp_path, "unix", "file"))
    scene.settles()
    wait_until(lambda: count(scene, "spool_events") == 0, "an empty spool")
    read, told = count(scene, "events_total"), count(scene, "deliveries_total")
    for number in range(20):
        scene.arrives("app/db", scene.put("app/db", number=number))
    wait_until(lambda: count(scene, "events_total") >= read + 40, "both inputs read")
    scene.queue_drains()

    assert count(scene, "deliveries_total") == told + 20
    assert len(scene.aws.version_ids(scene.name("app/db"))) == 20


def count(scene: Scene, name: str) -> float:
    found = metric(scene.forwarder, f"vault_audit_forwarder_{name}")
    assert found is not None
    return found
