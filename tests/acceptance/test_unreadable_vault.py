"""A Vault that answers and says nothing: sealed, or without permission."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from receiver.demo.vault import reading_policy
from tests.acceptance.evidence import aws_calls, compares, logged, reports, states
from tests.acceptance.scene import Scene, wait_until
from tests.acceptance.vault_operator import VaultOperator

NOTHING = 'path "nothing" { capabilities = ["read"] }'
METADATA = """
path "+/metadata/*"          { capabilities = ["read", "list"] }
path "+/detailed-metadata/*" { capabilities = ["list"] }
"""


@pytest.fixture
def living(disturbed: Scene) -> Scene:
    """``app/db`` is in AWS, and nothing is under way."""
    disturbed.arrives("app/db", disturbed.put("app/db", a="1"))
    disturbed.queue_drains()
    return disturbed


@contextmanager
def sealed(scene: Scene) -> Iterator[None]:
    with closing(VaultOperator(scene.installation)) as operator:
        operator.seal()
        try:
            yield
        finally:
            operator.unseal()


@contextmanager
def allowed(scene: Scene, policy: str) -> Iterator[None]:
    """The receiver's token is good, and allows no more than this."""
    scene.vault.create_policy("replicator", policy)
    try:
        yield
    finally:
        scene.vault.create_policy("replicator", reading_policy(scene.mount))


def sync(scene: Scene, path: str) -> None:
    """Ask for one secret by its name."""
    where = {"namespace": "", "mount": scene.mount, "path": scene.inside(path)}
    scene.api("POST", "/v1/secrets/sync", where).raise_for_status()


def is_parked(scene: Scene, path: str) -> None:
    """Or waits: when others are refused besides, it is no fault of this secret."""
    wait_until(
        lambda: (
            states(scene)[path][0] == "parked" or reports(scene, "refuses everything")
        ),
        f"{path} is parked",
    )


def test_a_sealed_vault_deletes_nothing_and_is_reported(living: Scene) -> None:
    """Work waits for it, a comparison says so, and afterwards all goes on."""
    deletes = aws_calls(living, operation="DeleteSecret")
    with sealed(living):
        sync(living, "app/db")
        compares(living)
        assert reports(living, "not compared", "sealed")
        assert living.status()["pending"] >= 1

    living.arrives("app/db", living.put("app/db", a="2"))
    living.queue_drains()
    assert aws_calls(living, operation="DeleteSecret") == deletes


def test_a_deletion_just_before_the_seal_is_done_after_it(living: Scene) -> None:
    """It is neither believed while Vault cannot confirm it, nor forgotten."""
    living.forwarder.stop()
    deleted = living.delete("app/db")
    with sealed(living):
        living.forwarder.start()
        sync(living, "app/db")
        wait_until(lambda: logged(living, "VAULT_SEALED"), "Vault was asked")
        held = living.held("app/db")
        assert held is not None
        assert held.deleted is None

    living.is_scheduled("app/db", deleted)


@pytest.mark.parametrize(
    "policy",
    [pytest.param(NOTHING, id="nothing"), pytest.param(METADATA, id="no values")],
)
def test_a_token_without_permission_deletes_nothing(living: Scene, policy: str) -> None:
    """What happened meanwhile is parked, and done when the policy is back and somebody
    says so: SIGHUP tries everything again."""
    living.arrives("gone", living.put("gone", a="1"))
    living.queue_drains()
    with allowed(living, policy):
        living.put("app/db", a="2")
        deleted = living.delete("gone")
        for path in ("app/db", "gone"):
            is_parked(living, path)
        assert living.status()["verdict"] == "needs_you"
        held = living.held("gone")
        assert held is not None
        assert held.deleted is None
        assert living.value("app/db") == '{"a":"1"}'
    living.receiver.child.send(signal.SIGHUP)

    wait_until(lambda: living.value("app/db") == '{"a":"2"}', "the newer version")
    living.is_scheduled("gone", deleted)
    wait_until(lambda: states(living)["app/db"] == ("in_sync", None), "no more parked")


def test_a_new_event_ends_the_parking(living: Scene) -> None:
    """Once the policy is back, the next write is enough."""
    with allowed(living, NOTHING):
        living.put("app/db", a="2")
        is_parked(living, "app/db")

    living.arrives("app/db", living.put("app/db", a="3"))
