"""What people do to our secrets in AWS is noticed and put back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.acceptance.hand import Hand
from tests.acceptance.scene import Scene, wait_until


def everything(scene: Scene) -> str:
    """This scene's secrets, as a scope."""
    return f"{scene.mount}/{scene.inside('**')}"


def edited(scene: Scene, hand: Hand) -> None:
    hand.edit(scene.name("app/db"), '{"a":"by hand"}')


def scheduled(scene: Scene, hand: Hand) -> None:
    hand.delete(scene.name("app/db"))


def label_moved(scene: Scene, hand: Hand) -> None:
    """Back to the version before, as somebody rolling back would."""
    stages = hand.describe(scene.name("app/db"))["VersionIdsToStages"]
    by_label = {label: one for one, labels in stages.items() for label in labels}
    hand.secrets.update_secret_version_stage(
        SecretId=scene.name("app/db"),
        VersionStage="AWSCURRENT",
        MoveToVersionId=by_label["AWSPREVIOUS"],
        RemoveFromVersionId=by_label["AWSCURRENT"],
    )


@pytest.mark.parametrize("tamper", [edited, scheduled, label_moved])
def test_edited_or_deleted_by_hand_in_aws_is_put_back_without_a_version(
    shared: Scene, hand: Hand, tamper: Callable[[Scene, Hand], None]
) -> None:
    """The version still exists: the label or the secret comes back, nothing is put."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    arrival = shared.arrives("app/db", shared.put("app/db", a="2"))
    tamper(shared, hand)
    before = set(shared.aws.version_ids(shared.name("app/db")))

    run = shared.reconcile(path=everything(shared))

    held = shared.held("app/db")
    assert held is not None
    assert (held.current, held.deleted) == (arrival.held.current, None)
    assert set(shared.aws.version_ids(shared.name("app/db"))) == before
    assert sum(run["done"].values()) == 1
    again = shared.reconcile(path=everything(shared))
    assert sum(again["done"].values()) == 0


def test_destroyed_by_hand_in_aws_is_made_anew(shared: Scene, hand: Hand) -> None:
    """With the value that Vault holds."""
    arrival = shared.arrives("app/db", shared.put("app/db", a="1"))
    hand.delete(shared.name("app/db"), at_once=True)

    shared.reconcile(path=everything(shared))

    held = shared.held("app/db")
    assert held is not None
    assert held.arn != arrival.held.arn
    assert shared.value("app/db") == '{"a":"1"}'


def test_restored_by_hand_what_vault_has_deleted_is_deleted_again(
    shared: Scene, hand: Hand
) -> None:
    """Vault is the truth in this direction too."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.is_scheduled("app/db", shared.delete("app/db"))
    hand.secrets.restore_secret(SecretId=shared.name("app/db"))

    shared.reconcile(path=everything(shared))

    held = shared.held("app/db")
    assert held is not None
    assert held.deleted is not None


def test_a_plan_shows_drift_and_changes_nothing(shared: Scene, hand: Hand) -> None:
    """It says repair, which secret, and reads no value."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.arrives("app/db", shared.put("app/db", a="2"))
    edited(shared, hand)

    plan = shared.plan(path=everything(shared))

    assert [(one["action"], one["name"]) for one in plan["changes"]] == [
        ("repair", shared.name("app/db"))
    ]
    assert shared.value("app/db") == '{"a":"by hand"}'


def test_removed_tags_and_a_lost_seal_are_put_back(shared: Scene, hand: Hand) -> None:
    """Without a seal one put of ours proves what the bytes are."""
    shared.arrives("app/db", shared.put("app/db", a="1"))
    shared.queue_drains()  # the seal comes after the value
    before = shared.held("app/db")
    assert before is not None
    hand.secrets.untag_resource(SecretId=shared.name("app/db"), TagKeys=["vault-seal"])

    shared.reconcile(path=everything(shared))

    held = shared.held("app/db")
    assert held is not None
    assert held.tags.keys() == before.tags.keys()
    wait_until(lambda: shared.value("app/db") == '{"a":"1"}', "the value is Vault's")
