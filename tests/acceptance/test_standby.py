"""Answers of yesterday: of a node that lags behind, and such that took too long."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from receiver.demo.child import Child, isolated
from receiver.demo.emulator import ENVIRONMENT
from tests.acceptance.evidence import aws_calls, logged
from tests.acceptance.lagging import LaggingVault, stand_before
from tests.acceptance.scene import PATIENCE_SECONDS, Build, Scene, wait_until

_ROOT = Path(__file__).parents[2]


def run_with_short_leases(scene: Scene) -> None:
    """Let the receiver, which is stopped, start as ``short_lease``."""
    directory = scene.installation.directory
    config = str(directory / "replicator.yaml")
    module = ["-m", "tests.acceptance.short_lease", "serve", "--config", config]
    scene.receiver.child = Child(
        "receiver",
        [sys.executable, *module],
        log=directory / "receiver.log",
        env=isolated(os.environ) | ENVIRONMENT | {"PYTHONPATH": str(_ROOT)},
    )


@dataclass
class Standby:
    """The receiver reads Vault through ``vault``; ``read`` is what it asks there."""

    scene: Scene
    vault: LaggingVault

    @property
    def read(self) -> str:
        return f"{self.scene.mount}/data/{self.scene.inside('app/db')}"

    def waits_through(self, answers: int = 3) -> None:
        """Wait until the receiver was told the old answer so many times."""
        before = self.vault.stale_answers(self.read)
        wait_until(
            lambda: self.vault.stale_answers(self.read) >= before + answers,
            "the receiver asks again",
        )


@pytest.fixture(scope="module")
def behind_a_proxy(build_once: Build) -> Iterator[tuple[Scene, LaggingVault]]:
    """An installation whose receiver was started anew with another address, and with
    short leases."""
    scene = build_once()
    scene.receiver.stop()
    vault = stand_before(scene)
    run_with_short_leases(scene)
    scene.receiver.start()
    yield scene, vault
    scene.receiver.stop()
    vault.close()


@pytest.fixture
def standby(behind_a_proxy: tuple[Scene, LaggingVault]) -> Iterator[Standby]:
    scene, vault = behind_a_proxy
    yield Standby(replace(scene, folder=f"folder-{secrets.token_hex(4)}/"), vault)
    vault.catch_up()


def test_an_old_version_is_read_again_until_the_new_one_is_there(
    standby: Standby,
) -> None:
    """The event names a later time than the answer has: AWS keeps what it holds."""
    scene, vault = standby.scene, standby.vault
    first = scene.arrives("app/db", scene.put("app/db", a="1"))
    vault.lag(vault.remember(standby.read))
    second = scene.put("app/db", a="2")
    standby.waits_through()
    held = scene.held("app/db")
    assert held is not None
    assert held.current == first.held.current

    vault.catch_up()

    scene.arrives("app/db", second)
    assert len(scene.aws.version_ids(scene.name("app/db"))) == 2


def test_a_secret_that_is_not_there_yet_is_read_again(standby: Standby) -> None:
    """The answer that there is none is older than the event, too."""
    scene, vault = standby.scene, standby.vault
    vault.lag(vault.remember(standby.read))
    written = scene.put("app/db", a="1")
    standby.waits_through()
    assert scene.held("app/db") is None

    vault.catch_up()

    scene.arrives("app/db", written)


def test_an_old_version_never_lands_over_a_newer_one(standby: Standby) -> None:
    """Without any event to compare with: what was applied before is remembered."""
    scene, vault = standby.scene, standby.vault
    scene.arrives("app/db", scene.put("app/db", a="1"))
    then = vault.remember(standby.read)
    second = scene.arrives("app/db", scene.put("app/db", a="2"))
    vault.lag(then)
    where = {"namespace": "", "mount": scene.mount, "path": scene.inside("app/db")}
    assert scene.api("POST", "/v1/secrets/sync", where).status_code == 202
    standby.waits_through()

    vault.catch_up()
    scene.settles()

    held = scene.held("app/db")
    assert held is not None
    assert held.current == second.held.current
    assert len(scene.aws.version_ids(scene.name("app/db"))) == 2


def test_a_deletion_that_is_not_seen_at_first_is_seen_later(standby: Standby) -> None:
    """Its event has no version to compare with, so there is a second look."""
    scene, vault = standby.scene, standby.vault
    scene.arrives("app/db", scene.put("app/db", a="1"))
    vault.lag(vault.remember(standby.read))
    deleted = scene.delete("app/db")
    standby.waits_through(1)

    vault.catch_up()

    scene.is_scheduled("app/db", deleted)


def test_a_secret_that_was_applied_is_not_deleted_by_an_older_answer(
    standby: Standby,
) -> None:
    """The node has not heard of the secret yet, and the event, of its metadata, names
    no time: only the active node can say that it is gone."""
    scene, vault = standby.scene, standby.vault
    then = vault.remember(standby.read)
    scene.arrives("app/db", scene.put("app/db", a="1"))
    scene.queue_drains()
    deletes = aws_calls(scene, operation="DeleteSecret")
    vault.lag(then)
    inside, owner = scene.inside("app/db"), {"custom_metadata": {"owner": "me"}}
    scene.vault.set_metadata(scene.mount, inside, **owner)
    standby.waits_through(2)

    vault.catch_up()
    scene.settles()

    held = scene.held("app/db")
    assert held is not None
    assert held.deleted is None
    assert aws_calls(scene, operation="DeleteSecret") == deletes


def test_an_expired_lease_never_puts_an_older_version_over_a_newer_one(
    standby: Standby,
) -> None:
    """One worker waits for its answer, version 2, until its lease is over; another one
    brings version 3. Then the answer comes, and goes nowhere."""
    scene = standby.scene
    scene.arrives("app/db", scene.put("app/db", a="1"))
    scene.queue_drains()
    late = standby.vault.keep_back(standby.read)
    scene.put("app/db", a="2")
    assert late.began.wait(PATIENCE_SECONDS)

    newest = scene.arrives("app/db", scene.put("app/db", a="3"))
    late.ended.set()
    wait_until(lambda: logged(scene, "LEASE_SHORT"), "the late worker gave up")
    scene.settles()

    held = scene.held("app/db")
    assert held is not None
    assert held.current == newest.held.current
    versions = {each[:3] for each in scene.aws.version_ids(scene.name("app/db"))}
    assert versions == {"v1-", "v3-"}
