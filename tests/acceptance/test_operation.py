"""Starting, stopping and asking: what an operator does with the two programs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from receiver.demo.child import StartError
from tests.acceptance.scene import Build, Scene


def test_a_sync_brings_what_no_event_told_of(scene: Scene) -> None:
    """Written while the forwarder was off, asked for by name: it is in AWS."""
    scene.settles()
    scene.forwarder.stop()
    written = scene.put("app/db", a="b")
    where = {"namespace": "", "mount": scene.mount, "path": "app/db"}

    answer = scene.api("POST", "/v1/secrets/sync?wait=50s", {**where, "version": 1})

    assert answer.status_code == 200, answer.text
    held = scene.held("app/db")
    assert held is not None
    assert held.current is not None
    assert held.current.startswith(f"v{written.version}-")


def test_a_sync_of_what_no_rule_names_is_404(scene: Scene) -> None:
    """The answer says so at once instead of waiting."""
    where = {"namespace": "", "mount": "nowhere", "path": "app/db"}

    assert scene.api("POST", "/v1/secrets/sync?wait=50s", where).status_code == 404


def test_sigterm_ends_both_programs_with_0(scene: Scene) -> None:
    """An orderly end is exit code 0."""
    scene.settles()

    assert scene.forwarder.stop() == 0
    assert scene.receiver.stop() == 0


@pytest.mark.parametrize(
    ("program", "command", "config", "in_use"),
    [
        ("receiver", "serve", "replicator.yaml", "state.db is in use"),
        ("vault_audit_forwarder", "run", "forwarder-1.yaml", "uses the spool"),
    ],
)
def test_a_second_one_on_the_same_file_refuses(
    scene: Scene, program: str, command: str, config: str, in_use: str
) -> None:
    """One process works on one state or spool; the other says so and exits with 1."""
    directory = scene.installation.directory
    document = yaml.safe_load((directory / config).read_text())
    if program == "receiver":
        document["listen"] = "127.0.0.1:0"  # or the port would be what it refuses for
    other = directory / "second.yaml"
    other.write_text(yaml.safe_dump(document))

    second = subprocess.run(
        [sys.executable, "-m", program, command, "--config", str(other)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert second.returncode == 1
    assert in_use in second.stderr
    assert "Traceback" not in second.stderr
    scene.settles()


def test_the_receiver_waits_for_a_vault_that_is_not_there(scene: Scene) -> None:
    """It starts and is ready without Vault, and goes on when Vault is."""
    scene.receiver.stop()
    scene.installation.openbao.pause()
    try:
        scene.receiver.start()
        assert scene.api("GET", "/readyz").status_code == 200
    finally:
        scene.installation.openbao.resume()

    scene.settles()


def test_a_wrong_configuration_is_said_without_its_values(build: Build) -> None:
    """A program that cannot start says where, and never what was written there."""
    with pytest.raises(StartError, match=r"aws\.regionn") as raised:
        build(replicator={"aws": {"region": "eu-central-1", "regionn": "s3cret"}})

    assert "s3cret" not in str(raised.value)
