"""A deletion in Vault is scheduled in AWS; nothing else ever removes a secret there."""

from __future__ import annotations

import pytest

from receiver.demo.vault import Refused, Vault
from tests.acceptance.scene import Scene


def test_a_deleted_secret_is_scheduled_and_an_undeleted_one_restored(
    shared: Scene,
) -> None:
    """Delete, undelete: the same version is there again, and no new one was made."""
    arrival = shared.arrives("app/db", shared.put("app/db", a="b"))

    shared.is_scheduled("app/db", shared.delete("app/db"))
    undeleted = shared.undelete("app/db", version=1)
    restored = shared.arrives("app/db", undeleted, version=1)

    assert restored.held.current == arrival.held.current
    assert restored.held.arn == arrival.held.arn
    assert shared.aws.version_ids(shared.name("app/db")) == [arrival.held.current]


def test_a_secret_written_again_after_its_deletion_is_current(shared: Scene) -> None:
    """A put on a deleted secret restores it with the new value."""
    shared.arrives("app/db", shared.put("app/db", a="old"))
    shared.is_scheduled("app/db", shared.delete("app/db"))

    shared.arrives("app/db", shared.put("app/db", a="new"))

    assert shared.value("app/db") == '{"a":"new"}'


def test_a_secret_begun_anew_is_told_from_the_old_one(shared: Scene) -> None:
    """After a metadata delete the next put is version 1 again, with another id."""
    first = shared.arrives("app/db", shared.put("app/db", a="old"))
    removed = shared.delete_metadata("app/db")
    shared.is_scheduled("app/db", removed)

    written = shared.put("app/db", a="new")
    shared.arrives("app/db", written, version=1, other_than=first.held.current)

    assert shared.value("app/db") == '{"a":"new"}'


def test_destroying_the_current_version_is_a_deletion(shared: Scene) -> None:
    """Destroyed data is gone in Vault, so the secret is scheduled in AWS."""
    shared.arrives("app/db", shared.put("app/db", a="b"))

    destroyed = shared.destroy("app/db", version=1)

    shared.is_scheduled("app/db", destroyed)


def test_what_happens_to_older_versions_changes_nothing(shared: Scene) -> None:
    """Only the current version counts."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.arrives("app/db", shared.put("app/db", a="2"))
    shared.settles()
    before = shared.held("app/db")

    shared.destroy("app/db", version=1)
    shared.settles()

    assert shared.held("app/db") == before


def test_a_denied_delete_leaves_aws_untouched(shared: Scene) -> None:
    """A request that Vault refused is in its audit log, and is no change."""
    shared.arrives("app/db", shared.put("app/db", a="b"))
    shared.settles()
    before = shared.held("app/db")
    root = shared.vault
    root.create_policy(
        "lookers", f'path "{shared.mount}/*" {{ capabilities = ["read"] }}'
    )
    onlooker = Vault(root.address, root.create_token("lookers"))

    with pytest.raises(Refused, match="403"):
        onlooker.delete(shared.mount, shared.inside("app/db"))
    onlooker.close()
    shared.settles()

    assert shared.held("app/db") == before


def test_a_version_that_expires_is_scheduled_for_deletion(shared: Scene) -> None:
    """Vault says nothing when the time has come: a timer of ours looks."""
    inside = shared.inside("app/lease")
    shared.vault.set_metadata(shared.mount, inside, delete_version_after="6s")
    written = shared.put("app/lease", a="b")
    shared.arrives("app/lease", written)

    shared.is_scheduled("app/lease", written)
