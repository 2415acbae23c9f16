"""The command line against a running receiver, and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from receiver.demo.child import isolated
from receiver.demo.emulator import ENVIRONMENT
from tests.acceptance.scene import Build, Scene, wait_until

_FEW_DELETES = {"interval": "never", "at_start": True, "max_delete_count": 2}


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        assert document["format_version"] == 1
        return document


def command(scene: Scene, *argv: str) -> Said:
    """A command as a process; it asks the scene's receiver."""
    asked = {
        "VAULT_REPLICATOR_ADDR": scene.receiver.address,
        "VAULT_REPLICATOR_TOKEN": scene.installation.keys.admin_token,
    }
    done = subprocess.run(
        [sys.executable, "-m", "receiver", *argv],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env=isolated(os.environ) | ENVIRONMENT | asked,
    )
    assert scene.installation.keys.admin_token not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def alone(scene: Scene, *argv: str) -> Said:
    """The same, working by itself with the receiver's configuration."""
    config = scene.installation.directory / "replicator.yaml"
    return command(scene, *argv, "--config", str(config))


def actions(plan: dict[str, Any]) -> dict[str, str]:
    """What a plan would do, by path."""
    return {one["path"]: one["action"] for one in plan["changes"]}


class TestWithoutAReceiver:
    def test_a_pause_holds_for_a_command_too(self, scene: Scene) -> None:
        """It is in the state file, so what works by itself writes nothing either."""
        why = ("--reason", "KMS key rotation", "--for", "4h")
        assert command(scene, "pause", "--all", *why).code == 0
        scene.receiver.stop()
        written = scene.put("app/new", a="1")

        done = alone(scene, "reconcile", "--json")
        assert done.code == 4, done
        assert done.document["paused"] == 1
        assert scene.held("app/new") is None
        assert alone(scene, "sync", f"{scene.mount}/app/new", "--wait", "9s").code == 3

        scene.receiver.start()
        assert command(scene, "status").code == 2
        assert command(scene, "resume", "--all").code == 0
        scene.arrives("app/new", written)

    def test_a_plan_is_shown_then_carried_out(self, scene: Scene) -> None:
        """Create, update and delete; and of what came after it was made, nothing."""
        for path in ("app/old", "app/gone"):
            scene.arrives(path, scene.put(path, a="1"))
        scene.queue_drains()
        scene.receiver.stop()
        for path in ("app/new", "app/old"):
            scene.put(path, a="2")
        scene.delete("app/gone")
        before = scene.aws.current_ids(scene.mount)

        seen = alone(scene, "plan", "--json")
        assert seen.code == 2, seen
        wanted = {"app/new": "create", "app/old": "update", "app/gone": "delete"}
        assert actions(seen.document) == wanted
        assert scene.aws.current_ids(scene.mount) == before

        scene.put("app/later", a="1")
        done = alone(scene, "reconcile", "--if-plan", seen.document["id"])
        assert done.code == 0, done
        assert json.loads(scene.value("app/new")) == {"a": "2"}
        assert json.loads(scene.value("app/old")) == {"a": "2"}
        assert is_scheduled(scene, "app/gone")
        assert scene.held("app/later") is None
        left = alone(scene, "plan", "--json")
        assert actions(left.document) == {"app/later": "create"}

    @pytest.fixture
    def contested(self, scene: Scene) -> Scene:
        """A secret whose name in AWS is somebody else's; no receiver runs."""
        scene.queue_drains()
        scene.receiver.stop()
        scene.aws.put(scene.name("app/shared"), "somebody's")
        scene.put("app/shared", a="1")
        return scene

    def test_a_conflict_is_told_and_left_alone(self, contested: Scene) -> None:
        """By a plan and by a run, with the command that ends it."""
        adopt = f"vault-replicator adopt {contested.name('app/shared')}"
        plan = alone(contested, "plan")
        done = alone(contested, "reconcile")

        assert (plan.code, done.code) == (3, 3), (plan, done)
        assert "  ! conflict   " in plan.out
        assert adopt in plan.out
        assert adopt in done.out
        assert contested.value("app/shared") == "somebody's"

    def test_a_run_by_plan_tells_of_its_conflicts(self, contested: Scene) -> None:
        """They are in the plan, and so is that somebody must act."""
        plan = alone(contested, "plan", "--json")
        done = alone(contested, "reconcile", "--if-plan", plan.document["id"])

        assert done.code == 3, done

    def test_sync(self, scene: Scene) -> None:
        """One secret, brought by the command itself."""
        scene.queue_drains()
        scene.receiver.stop()
        scene.put("app/db", a="1")

        said = alone(scene, "sync", scene.name("app/db"), "--wait", "60s")

        assert said.code == 0, said
        assert said.out.startswith(f"{scene.name('app/db')}: v1 is in AWS as ")
        assert json.loads(scene.value("app/db")) == {"a": "1"}

    def test_a_state_file_in_use(self, scene: Scene) -> None:
        """It is left to the receiver that has it, and how to ask that one is said."""
        said = alone(scene, "plan")

        assert said.code == 1
        assert said.out == ""
        assert "VAULT_REPLICATOR_ADDR" in said.err


class TestSync:
    def test_waits_for_the_version(self, shared: Scene) -> None:
        """That was just written, by MOUNT/PATH as the API writes it too."""
        written = shared.put("app/db", a="1")
        path = f"{shared.mount}/data/{shared.inside('app/db')}"
        said = command(
            shared, "sync", path, "--version", str(written.version), "--wait", "60s"
        )

        assert said.code == 0, said
        assert json.loads(shared.value("app/db")) == {"a": "1"}

    def test_not_in_time(self, shared: Scene) -> None:
        """A version that nobody wrote: exit code 4."""
        shared.arrives("app/db", shared.put("app/db", a="1"))
        path = shared.name("app/db")
        said = command(shared, "sync", path, "--version", "99", "--wait", "1s")

        assert said.code == 4, said

    def test_parked(self, shared: Scene) -> None:
        """A value that AWS cannot hold: exit code 3, cause and remedy."""
        shared.put("app/cert", a="x" * 70_000)
        said = command(shared, "sync", shared.name("app/cert"), "--wait", "60s")

        assert said.code == 3, said
        assert "[VALUE_TOO_LARGE]" in said.out

    def test_no_rule(self, shared: Scene) -> None:
        """What no rule replicates is an error: exit code 1."""
        said = command(shared, "sync", f"{shared.mount}/tmp/x", "--wait", "60s")

        assert said.code == 1
        assert "no rule replicates this secret" in said.err


class TestDecisions:
    def test_adopt(self, scene: Scene) -> None:
        """A conflict is listed, taken over by one command, and then nothing is left
        to do."""
        scene.aws.put(scene.name("app/shared"), "somebody's")
        written = scene.put("app/shared", a="1")
        wait_until(lambda: scene.status()["states"]["conflict"] == 1, "a conflict")

        assert command(scene, "status").code == 2
        listed = command(scene, "list", "--state", "conflict", "--json").document
        assert [one["path"] for one in listed["items"]] == ["app/shared"]
        shown = command(scene, "adopt", "--all", "--dry-run")
        assert shown.out.startswith("1 secret would be adopted:\n")
        assert scene.value("app/shared") == "somebody's"

        assert command(scene, "adopt", scene.name("app/shared")).code == 0
        scene.arrives("app/shared", written, version=1)
        assert json.loads(scene.value("app/shared")) == {"a": "1"}
        scene.queue_drains()
        plan = command(scene, "plan")
        assert plan.code == 0, plan
        assert plan.out.startswith("No changes. 1 secret in AWS matches Vault")
        assert command(scene, "status").code == 0

    def test_release_and_take_back(self, scene: Scene) -> None:
        """What is let go keeps its value, whatever Vault says, until it is adopted."""
        scene.arrives("app/db", scene.put("app/db", a="1"))
        scene.queue_drains()

        assert command(scene, "release", scene.name("app/db")).code == 0
        wait_until(lambda: "vault-released" in tags(scene, "app/db"), "the tag")
        scene.put("app/db", a="2")
        scene.settles()
        assert json.loads(scene.value("app/db")) == {"a": "1"}

        assert command(scene, "adopt", scene.name("app/db")).code == 0
        wait_until(
            lambda: json.loads(scene.value("app/db")) == {"a": "2"}, "the new value"
        )
        wait_until(lambda: "vault-released" not in tags(scene, "app/db"), "no tag")


def is_scheduled(scene: Scene, path: str) -> bool:
    """Whether AWS holds it and will delete it."""
    held = scene.held(path)
    return held is not None and held.deleted is not None


def tags(scene: Scene, path: str) -> dict[str, str]:
    held = scene.held(path)
    assert held is not None
    return held.tags


class TestBrake:
    @pytest.fixture
    def braked(self, build: Build) -> Scene:
        """Five secrets deleted where two may be: three are held."""
        scene = build(replicator={"reconcile": _FEW_DELETES})
        paths = [f"app/{number}" for number in range(5)]
        for path in paths:
            scene.arrives(path, scene.put(path, a="1"))
        scene.queue_drains()
        for path in paths:
            scene.delete(path)
        wait_until(lambda: scene.status()["states"]["held"] == 3, "three held")
        return scene

    def test_held_deletes_are_released_by_their_plan(self, braked: Scene) -> None:
        """Nothing else does: not a reconcile, not the plan without force."""
        status = command(braked, "status")
        assert status.code == 2
        assert "3 held" in status.out
        assert command(braked, "reconcile").code == 4

        plan = command(braked, "plan", "--json")
        assert plan.code == 3, plan
        assert plan.document["summary"]["held"] == 3
        plan_id = plan.document["id"]
        assert command(braked, "reconcile", "--if-plan", plan_id).code == 4
        assert deleted(braked) == 2

        forced = command(braked, "reconcile", "--if-plan", plan_id, "--force")
        assert forced.code == 0, forced
        assert forced.out.startswith("Converged: 3 deleted;")
        assert deleted(braked) == 5

    def test_force_needs_a_plan_that_somebody_saw(self, braked: Scene) -> None:
        """Nobody is at a terminal here, and an unknown plan is none."""
        assert command(braked, "reconcile", "--force").code == 1
        unknown = command(braked, "reconcile", "--if-plan", "0" * 12, "--force")
        assert unknown.code == 1
        assert "there is no such plan" in unknown.err
        assert deleted(braked) == 2


def deleted(scene: Scene) -> int:
    """How many of the five are scheduled for deletion."""
    return sum(is_scheduled(scene, f"app/{number}") for number in range(5))


def test_an_edit_by_hand_is_planned_and_put_back(scene: Scene) -> None:
    """Without a state file all is proven anew from AWS, and only what differs is
    written."""
    for path in ("app/db", "app/untouched"):
        scene.arrives(path, scene.put(path, a="1"))
    scene.queue_drains()
    scene.receiver.stop()
    for file in scene.installation.state.parent.iterdir():
        file.unlink()
    scene.aws.put(scene.name("app/db"), "edited")
    untouched = scene.aws.version_ids(scene.name("app/untouched"))

    plan = alone(scene, "plan", "--json")
    assert plan.code == 2, plan
    assert actions(plan.document) == {"app/db": "repair"}
    done = alone(scene, "reconcile")
    assert done.code == 0, done
    assert done.out.startswith("Converged: 1 repaired;")
    assert json.loads(scene.value("app/db")) == {"a": "1"}
    assert scene.aws.version_ids(scene.name("app/untouched")) == untouched
    again = alone(scene, "plan")
    assert again.code == 0, again
    assert again.out.startswith("No changes. 2 secrets in AWS match Vault")
