"""What becomes of whole mounts and namespaces: nothing is deleted because of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.acceptance.evidence import aws_calls, reports
from tests.acceptance.scene import Scene, wait_until


def needs_somebody(scene: Scene) -> bool:
    """Whether the status names the mount, as a fault or as what needs somebody."""
    listed = {item["mount"] for item in scene.status()["needs_you"]}
    return scene.mount in listed or reports(scene, scene.mount)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("disabled", id="a mount that was disabled"),
        pytest.param("moved", id="a mount that was moved away"),
        pytest.param("emptied", id="a mount that was made anew, and is empty"),
        pytest.param("namespace", id="a mount whose namespace was deleted"),
    ],
)
def test_what_went_away_is_reported_and_nothing_is_deleted(
    shaken: Scene, what: str
) -> None:
    """The status names the mount, and AWS holds what it held."""
    scene = replace(shaken, mount=f"{shaken.mount}-{what}")

    wait_until(lambda: needs_somebody(scene), "it is reported")

    held = scene.held("app/db")
    assert held is not None
    assert held.deleted is None
    assert scene.value("app/db") == f'{{"mount":"{scene.mount}"}}'
    assert aws_calls(scene, operation="DeleteSecret") == 0
    assert scene.status()["verdict"] == "needs_you"


@pytest.mark.parametrize("what", ["disabled", "moved"])
def test_a_secret_of_a_mount_that_went_away_is_parked(shaken: Scene, what: str) -> None:
    """Asked for by its name, it is not absent: there is nobody to say so."""
    scene = replace(shaken, mount=f"{shaken.mount}-{what}")
    where = {"namespace": "", "mount": scene.mount, "path": "app/db"}

    answer = scene.api("POST", "/v1/secrets/sync?wait=20s", where)

    assert answer.status_code == 409
    assert answer.json()["cause"] == "MOUNT_UNKNOWN"
    assert aws_calls(scene, operation="DeleteSecret") == 0
