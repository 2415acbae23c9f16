"""KV v1: no versions, no times, and still every value arrives."""

from __future__ import annotations

import secrets

import pytest

from receiver.demo.installation import Mount
from tests.acceptance.scene import Build, Scene, rule, wait_until


@pytest.fixture
def old(build: Build) -> Scene:
    """An installation whose one mount is KV v1."""
    mount = f"old-{secrets.token_hex(4)}"
    return build(
        mount=mount, mounts=[Mount(name=mount, version=1)], rules=[rule(mount)]
    )


def shows(scene: Scene, path: str, value: str) -> None:
    """Wait until AWS holds this value."""
    wait_until(
        lambda: scene.held(path) is not None and scene.value(path) == value,
        f"{path} holds what Vault holds",
    )


def test_values_come_and_go_and_come_back(old: Scene) -> None:
    """A, B, and A again: each is current in turn, and A's version is made once."""
    for letter in "ABA":
        old.vault.put_v1(old.mount, "app/db", {"letter": letter})
        shows(old, "app/db", f'{{"letter":"{letter}"}}')

    assert len(old.aws.version_ids(old.name("app/db"))) == 2
    held = old.held("app/db")
    assert held is not None
    assert held.current is not None
    assert held.current.startswith("c-")


def test_a_key_that_looks_like_v2_is_a_key(old: Scene) -> None:
    """``data/x`` on v1 is called ``data/x``."""
    old.vault.put_v1(old.mount, "data/x", {"a": "b"})

    shows(old, "data/x", '{"a":"b"}')
    assert old.held("x") is None


def test_a_deleted_key_is_scheduled_for_deletion(old: Scene) -> None:
    """And restored when it is written again."""
    old.vault.put_v1(old.mount, "app/db", {"a": "b"})
    shows(old, "app/db", '{"a":"b"}')
    old.is_scheduled("app/db", old.vault.delete_v1(old.mount, "app/db"))
    old.vault.put_v1(old.mount, "app/db", {"a": "b"})

    wait_until(lambda: not _is_deleting(old, "app/db"), "the deletion is cancelled")


def _is_deleting(scene: Scene, path: str) -> bool:
    held = scene.held(path)
    return held is None or held.deleted is not None
