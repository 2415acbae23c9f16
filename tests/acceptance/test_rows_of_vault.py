"""What an operation in Vault does to AWS: the rows that need no file of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing

import pytest

from receiver.demo.vault import Written
from tests.acceptance.evidence import vault_reads
from tests.acceptance.scene import Scene, wait_until
from tests.acceptance.vault_operator import VaultOperator


def test_deleting_the_current_version_by_its_number_is_a_deletion(
    shared: Scene, operator: VaultOperator
) -> None:
    """``kv delete -versions`` is another request than ``kv delete``, and the same."""
    shared.put("app/db", a="1")
    shared.arrives("app/db", shared.put("app/db", a="2"))
    where = f"{shared.mount}/delete/{shared.inside('app/db')}"

    deleted = operator.do("POST", where, {"versions": [1, 2]})
    shared.is_scheduled("app/db", deleted)
    shared.arrives("app/db", shared.undelete("app/db", version=2), version=2)

    assert shared.value("app/db") == '{"a":"2"}'


def test_a_secret_written_after_its_destruction_is_restored(shared: Scene) -> None:
    """Within the recovery window the same secret lives on, with the new value."""
    before = shared.arrives("app/db", shared.put("app/db", a="old"))
    shared.is_scheduled("app/db", shared.destroy("app/db", version=1))

    after = shared.arrives("app/db", shared.put("app/db", a="new"))

    assert after.held.arn == before.held.arn
    assert shared.value("app/db") == '{"a":"new"}'


def test_a_wrapped_write_arrives(shared: Scene, operator: VaultOperator) -> None:
    """Its answer is hidden from the audit log too, so the event names no version."""
    where = f"{shared.mount}/data/{shared.inside('app/db')}"

    written = operator.do("POST", where, {"data": {"a": "b"}}, X_Vault_Wrap_TTL="60s")

    shared.arrives("app/db", written, version=1)
    assert shared.value("app/db") == '{"a":"b"}'


def test_a_secret_begun_anew_at_once_ends_at_the_new_value(shared: Scene) -> None:
    """Version 1 after version 3, without a moment in between for anybody to look."""
    for letter in "abc":
        third = shared.put("app/db", letter=letter)
    arrival = shared.arrives("app/db", third)
    shared.delete_metadata("app/db")
    written = shared.put("app/db", letter="d")

    shared.arrives("app/db", written, version=1, other_than=arrival.held.current)
    shared.settles()

    assert shared.value("app/db") == '{"letter":"d"}'


def test_the_second_look_at_a_removed_secret_is_the_last(shared: Scene) -> None:
    """It is gone as it was at the first look, whatever was written just before: nobody
    waits for a lagging node."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.put("app/db", a="2")
    shared.is_scheduled("app/db", shared.delete_metadata("app/db"))
    reads = vault_reads(shared, "app/db")
    wait_until(lambda: vault_reads(shared, "app/db") > reads, "the second look")

    where = f"namespace=&mount={shared.mount}&path={shared.inside('app/db')}"
    state = shared.api("GET", f"/v1/secrets/one?{where}&wait=1s").json()

    assert state["state"] == "deleting"


def _is_deleted(shared: Scene) -> Written:
    return shared.delete("app/db")


def _is_removed(shared: Scene) -> Written:
    return shared.delete_metadata("app/db")


def _is_rolled_back(shared: Scene) -> Written:
    return shared.rollback("app/db", version=2)


def _is_patched(shared: Scene) -> Written:
    return shared.patch("app/db", last="yes")


def _everything_happens(shared: Scene) -> None:
    shared.arrives("app/db", shared.put("app/db", n=1))
    shared.put("app/db", n=2)
    shared.patch("app/db", more=1)
    shared.delete("app/db")
    shared.undelete("app/db", version=3)
    shared.rollback("app/db", version=2)
    shared.destroy("app/db", version=1)
    shared.put("app/db", n=5)


@pytest.mark.parametrize("last", [_is_rolled_back, _is_patched])
def test_in_a_hurry_of_operations_the_last_value_holds(
    shared: Scene, last: Callable[[Scene], Written]
) -> None:
    """Whatever came before it, and whatever of that was seen."""
    _everything_happens(shared)
    written = last(shared)

    shared.arrives("app/db", written)
    shared.settles()

    data = shared.vault.read(shared.mount, shared.inside("app/db"))["data"]
    assert json.loads(shared.value("app/db")) == data


@pytest.mark.parametrize("last", [_is_deleted, _is_removed])
def test_in_a_hurry_of_operations_the_last_deletion_holds(
    shared: Scene, last: Callable[[Scene], Written]
) -> None:
    """However much lived a moment before."""
    _everything_happens(shared)

    shared.is_scheduled("app/db", last(shared))
    shared.settles()

    held = shared.held("app/db")
    assert held is not None
    assert held.deleted is not None


def test_an_expiry_is_not_forgotten_by_a_restart(disturbed: Scene) -> None:
    """The timer is on disk: killed and started again, the receiver still looks when
    the version's time has come. The mount's own setting makes no event of the secret,
    so nothing else looks."""
    config = f"{disturbed.mount}/config"
    with closing(VaultOperator(disturbed.installation)) as operator:
        operator.do("POST", config, {"delete_version_after": "6s"})
        written = disturbed.put("app/lease", a="b")
        operator.do("POST", config, {"delete_version_after": "0s"})
    disturbed.arrives("app/lease", written)
    disturbed.queue_drains()
    disturbed.receiver.child.kill()

    disturbed.receiver.start()
    held = disturbed.held("app/lease")
    assert held is not None
    assert held.deleted is None, "the receiver was away for too long for this test"

    disturbed.is_scheduled("app/lease", written)
