"""Why a secret is not there, asked of a running installation by the command."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from receiver.core.causes import Cause
from receiver.core.state import State
from tests.acceptance.evidence import compares
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, wait_until
from tests.acceptance.test_cli import Said, alone, command

#: More than AWS holds.
_LARGE = "x" * 70_000


def explained(scene: Scene, path: str) -> dict[str, Any]:
    """The document of the command."""
    said = command(scene, "explain", scene.name(path), "--json")
    assert said.code == 0, said
    return said.document


def screen(scene: Scene, path: str) -> Said:
    """What a person sees."""
    said = command(scene, "explain", path)
    assert said.code == 0, said
    return said


def stops(scene: Scene, path: str, state: State) -> None:
    """Wait until the receiver says so of it."""

    def stopped() -> bool:
        listed = scene.listed(path)
        return listed is not None and listed["state"] == state

    wait_until(stopped, f"{path} is {state}")


def test_in_sync(shared: Scene) -> None:
    """Every stage is well, by whichever path it is asked for; no value is shown."""
    shared.arrives("app/db", shared.put("app/db", password="canary-value"))
    api_path = f"v1/{shared.mount}/data/{shared.inside('app/db')}"
    found, said = explained(shared, "app/db"), screen(shared, api_path)

    assert found["cause"] == Cause.IN_SYNC
    assert [one["is"] for one in found["stages"]] == ["ok"] * 6
    assert found["not_asked"] == []
    assert said.out.startswith("IN SYNC: AWS holds what Vault says.")
    assert f"(read as {shared.name('app/db')})" in said.out
    assert "canary-value" not in said.out + json.dumps(found)


def test_excluded_and_not_there(shared: Scene) -> None:
    """Two paths that look alike from AWS, and are not."""
    scene = replace(shared, folder="")
    scene.put("tmp/x", a="1")

    assert explained(scene, "tmp/x")["cause"] == Cause.EXCLUDED
    assert explained(shared, "app/nothing")["cause"] == Cause.NOT_IN_VAULT


def test_a_mount_that_is_not_there(shared: Scene) -> None:
    """Is told from a path that is not; the one that was meant is named."""
    slip = shared.mount[:-1] + "/app/db"
    said = screen(shared, slip)

    assert "(MOUNT_UNKNOWN)" in said.out
    assert f"did you mean {shared.mount}?" in said.out


def test_deleted(shared: Scene) -> None:
    """Vault deleted it, and AWS waits."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.is_scheduled("app/db", shared.delete("app/db"))
    stops(shared, "app/db", State.DELETING)
    found = explained(shared, "app/db")

    assert found["cause"] == Cause.PENDING_DELETE
    assert found["verdict"] == "GONE"


def test_too_large(shared: Scene) -> None:
    """Its owner must act."""
    shared.put("app/cert", a=_LARGE)
    stops(shared, "app/cert", State.PARKED)
    found = explained(shared, "app/cert")

    assert found["cause"] == Cause.VALUE_TOO_LARGE
    assert found["who"] == "secret's owner"
    assert found["then"] == f"vault-replicator retry {shared.name('app/cert')}"


def test_somebody_elses(shared: Scene) -> None:
    """The command that is printed ends it."""
    shared.aws.put(shared.name("app/shared"), "somebody's")
    shared.put("app/shared", a="1")
    stops(shared, "app/shared", State.CONFLICT)
    found = explained(shared, "app/shared")
    assert found["cause"] == Cause.CONFLICT_FOREIGN

    done = command(shared, *found["command"].split()[1:])

    assert done.code == 0, done
    stops(shared, "app/shared", State.IN_SYNC)
    assert explained(shared, "app/shared")["cause"] == Cause.IN_SYNC


def test_changed_by_hand(shared: Scene, hand: Hand) -> None:
    """What the journal cannot know, AWS tells when it is asked."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.queue_drains()
    hand.edit(shared.name("app/db"), "by hand")
    found = explained(shared, "app/db")

    assert found["cause"] == Cause.DRIFTED
    assert found["stages"][5]["is"] == "wrong"


def test_the_forwarder_is_away(build: Build) -> None:
    """A change that nothing told us of; the command that is printed brings it."""
    scene = build()
    scene.arrives("app/db", scene.put("app/db", a="1"))
    compares(scene)  # a gap that is still open would bring the change too
    scene.forwarder.child.kill()
    scene.put("app/db", a="2")

    def is_unheard() -> bool:
        return bool(explained(scene, "app/db")["cause"] == Cause.EVENT_NEVER_SEEN)

    # A change of a few seconds may still be on its way.
    wait_until(is_unheard, "it counts as never heard of")
    brings = explained(scene, "app/db")["command"].split()
    assert command(scene, *brings[1:]).code == 0
    assert explained(scene, "app/db")["cause"] == Cause.IN_SYNC


def test_vault_refuses(build: Build) -> None:
    """Where, and what the token lacks; in check too, with the policy that has it."""
    scene = build()
    less = f'path "{scene.mount}/metadata/*" {{ capabilities = ["list"] }}'
    scene.vault.create_policy("replicator", less)
    scene.put("app/db", a="1")
    stops(scene, "app/db", State.PARKED)
    found = explained(scene, "app/db")
    checked = alone(scene, "check")

    assert found["cause"] == Cause.VAULT_FORBIDDEN
    assert found["detail"].endswith("it takes read, the token has list")
    listed = scene.listed("app/db")
    assert listed is not None
    assert "it takes read, the token has deny" in listed["detail"]
    assert checked.code == 2
    assert "  run    vault-replicator policy vault" in checked.out
