"""``on_delete``: what becomes of a secret in AWS when it is gone in Vault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from receiver.demo.vault import Written
from tests.acceptance.evidence import states
from tests.acceptance.scene import Scene, wait_until


def under(plain: Scene, on_delete: str) -> Scene:
    """The scene in the mount with this policy, with ``app/db`` in AWS."""
    scene = replace(plain, mount=f"{plain.mount}-{on_delete}")
    scene.arrives("app/db", scene.put("app/db", a="old"))
    scene.queue_drains()
    return scene


def _deleted(scene: Scene) -> Written:
    return scene.delete("app/db")


def _destroyed(scene: Scene) -> Written:
    return scene.destroy("app/db", version=1)


def _removed(scene: Scene) -> Written:
    return scene.delete_metadata("app/db")


HOW = pytest.mark.parametrize("gone", [_deleted, _destroyed, _removed])


@HOW
def test_retain_leaves_it_orphaned(
    plain: Scene, gone: Callable[[Scene], Written]
) -> None:
    """It can still be read, is listed as orphaned, and comes to life again."""
    scene = under(plain, "retain")
    before = scene.held("app/db")
    gone(scene)
    wait_until(lambda: states(scene)["app/db"][0] == "orphaned", "it is orphaned")
    assert scene.held("app/db") == before
    assert scene.value("app/db") == '{"a":"old"}'

    written = scene.put("app/db", a="new")

    assert before is not None
    scene.arrives("app/db", written, other_than=before.current)
    wait_until(lambda: states(scene)["app/db"][0] == "in_sync", "it is in sync")


@HOW
def test_force_deletes_at_once(plain: Scene, gone: Callable[[Scene], Written]) -> None:
    """There is nothing left to restore, and a later put makes a new secret."""
    scene = under(plain, "force")
    before = scene.held("app/db")
    gone(scene)
    wait_until(lambda: scene.held("app/db") is None, "it is gone")

    after = scene.arrives("app/db", scene.put("app/db", a="new"))

    assert before is not None
    assert after.held.arn != before.arn
    assert scene.value("app/db") == '{"a":"new"}'
