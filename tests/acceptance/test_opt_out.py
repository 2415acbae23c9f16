"""A secret's owner decides, with ``custom_metadata`` in Vault."""

from __future__ import annotations

import secrets

from tests.acceptance.scene import Build, Scene, rule, wait_until

OUT = {"custom_metadata": {"replicate": "false"}}
IN = {"custom_metadata": {"replicate": "true"}}


def test_a_secret_kept_out_is_let_alone_until_it_is_let_in(shared: Scene) -> None:
    """What AWS holds stays as it is, listed as orphaned; letting in brings it up."""
    first = shared.put("app/db", a="1")
    shared.arrives("app/db", first)
    inside = shared.inside("app/db")
    shared.vault.set_metadata(shared.mount, inside, **OUT)
    second = shared.put("app/db", a="2")
    wait_until(lambda: inside in _orphans(shared), "it is listed as orphaned")
    held = shared.held("app/db")
    assert held is not None
    assert held.deleted is None
    assert shared.value("app/db") == '{"a":"1"}'

    shared.vault.set_metadata(shared.mount, inside, **IN)

    shared.arrives("app/db", second)


def test_with_opt_in_only_who_asks_is_replicated(build: Build) -> None:
    """The others never appear."""
    mount = f"kv-{secrets.token_hex(4)}"
    scene = build(mount=mount, rules=[rule(mount) | {"opt_in": True}])
    scene.put("silent", a="b")
    scene.vault.set_metadata(scene.mount, "asks", **IN)

    scene.arrives("asks", scene.put("asks", a="b"))
    assert scene.held("silent") is None


def _orphans(scene: Scene) -> set[str]:
    answer = scene.api("GET", "/v1/secrets?state=orphaned").raise_for_status()
    return {item["path"] for item in answer.json()["items"]}
