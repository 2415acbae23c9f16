"""Too many deletes at once are held until somebody has looked."""

from __future__ import annotations

import pytest

from tests.acceptance.scene import Build, Scene, metric, wait_until


@pytest.fixture
def careful(build: Build) -> Scene:
    """An installation where more than two deletes an hour need leave."""
    return build(
        replicator={
            "reconcile": {
                "interval": "never",
                "max_delete_percent": 0,
                "max_delete_floor": 2,
            }
        }
    )


def test_deletes_beyond_the_limit_are_held_and_released_by_force(
    careful: Scene,
) -> None:
    """Two go, three wait, everything else goes on; the plan's are released."""
    for number in range(5):
        careful.arrives(f"app/{number}", careful.put(f"app/{number}", a="b"))
    for number in range(5):
        careful.delete(f"app/{number}")

    wait_until(lambda: careful.status()["states"]["held"] == 3, "three are held")
    assert careful.status()["states"]["deleting"] == 2
    assert careful.status()["verdict"] == "needs_you"
    (brake,) = careful.status()["brake"]
    assert brake["held"] == 3
    assert metric(careful.receiver, "vault_replicator_brake_engaged") == 1
    careful.arrives("app/other", careful.put("app/other", a="b"))

    run = careful.reconcile()
    assert careful.status()["states"]["held"] == 3
    assert run["held"] == 3
    plan = careful.plan()
    assert plan["summary"]["held"] == 3
    careful.reconcile(if_plan=plan["id"], force=True)

    assert (
        careful.status()["states"] | {"held": 0, "deleting": 5}
        == (careful.status()["states"])
    )
    assert careful.status()["brake"] == []
    assert metric(careful.receiver, "vault_replicator_brake_engaged") == 0


def test_what_comes_back_while_it_is_held_is_in_sync(careful: Scene) -> None:
    """A held delete that Vault took back is none any more."""
    for number in range(3):
        careful.arrives(f"app/{number}", careful.put(f"app/{number}", a="b"))
    for number in range(3):
        careful.delete(f"app/{number}")
    wait_until(lambda: careful.status()["states"]["held"] == 1, "one is held")
    (held,) = careful.api("GET", "/v1/secrets?state=held").json()["items"]

    careful.undelete(held["path"], version=1)

    wait_until(lambda: careful.status()["states"]["held"] == 0, "none is held")
    assert careful.value(held["path"]) == '{"a":"b"}'


def test_force_needs_a_plan(careful: Scene) -> None:
    """What is released must be what somebody has seen."""
    assert careful.api("POST", "/v1/reconcile", {"force": True}).status_code == 422
    gone = {"force": True, "if_plan": "0" * 12}
    assert careful.api("POST", "/v1/reconcile", gone).status_code == 409
