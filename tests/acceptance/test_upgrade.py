"""A KV v1 mount that becomes v2 while it is replicated."""

from __future__ import annotations

import pytest

from tests.acceptance.evidence import aws_calls
from tests.acceptance.scene import Scene, wait_until
from tests.acceptance.teams import Place, Team
from tests.acceptance.vault_operator import VaultOperator

PATHS = ["data/x", "metadata/x", "app/db"]


@pytest.fixture
def old(plain: Scene, team: Team) -> Place:
    """A KV v1 mount with secrets in AWS, two of which are called like paths of v2."""
    old = team.mount("old/kv", version=1)
    for path in PATHS:
        old.vault.put_v1(old.mount, path, {"path": path})
    wait_until(lambda: len(arns_of(old)) == len(PATHS), "all are in AWS")
    plain.queue_drains()
    return old


def go_on(old: Place, arns: dict[str, str]) -> None:
    """Every secret gets versions, and is still the same in AWS."""
    for path in PATHS:
        written = old.vault.put(old.mount, path, {"path": path, "since": "v2"})
        after = old.scene.arrives(path, written, version=2)
        assert after.held.arn == arns[path]


def arns_of(old: Place) -> dict[str, str]:
    return {path: held.arn for path in PATHS if (held := old.scene.held(path))}


def test_an_upgraded_mount_goes_on_and_loses_nothing(
    plain: Scene, old: Place, team_operator: VaultOperator
) -> None:
    """The same secrets in AWS, from then on with versions."""
    arns, deletes = arns_of(old), aws_calls(plain, operation="DeleteSecret")

    team_operator.upgrade(old.mount)

    go_on(old, arns)
    plain.queue_drains()
    assert aws_calls(plain, operation="DeleteSecret") == deletes


def test_an_upgrade_that_nobody_heard_of_loses_nothing(
    plain: Scene, team: Team, old: Place, team_operator: VaultOperator
) -> None:
    """Read as on v1, ``data/x`` of the upgraded mount is absent or another secret:
    what a mount is, is asked again before that is believed."""
    arns, deletes = arns_of(old), aws_calls(plain, operation="DeleteSecret")
    values = {path: old.scene.value(path) for path in PATHS}
    plain.forwarder.stop()
    try:
        team_operator.upgrade(old.mount)
        for path in PATHS:
            where = {"namespace": team.namespace, "mount": old.mount, "path": path}
            answer = plain.api("POST", "/v1/secrets/sync?wait=20s", where)
            assert answer.status_code == 200, answer.text
            assert old.scene.value(path) == values[path]
    finally:
        plain.forwarder.start()

    go_on(old, arns)
    plain.queue_drains()
    assert aws_calls(plain, operation="DeleteSecret") == deletes
