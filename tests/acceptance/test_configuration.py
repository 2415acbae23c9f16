"""A changed rule is applied, and takes nothing away that it did not put there."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from receiver.demo.emulator import Emulator
from receiver.demo.programs import write_secret
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, rule, wait_until

POLICY = '{"Version":"2012-10-17","Statement":[]}'


def with_target(scene: Scene, **target: Any) -> None:
    """The scene's one rule has this target from now on; all is compared."""
    scene.reconfigure(rules=[rule(scene.mount, target=target)])
    scene.reconcile()


def tags_of(scene: Scene, path: str) -> dict[str, str]:
    """Those that are not ours."""
    held = scene.held(path)
    assert held is not None
    ours = ("managed-by", "vault-")
    return {k: v for k, v in held.tags.items() if not k.startswith(ours)}


def test_tags_description_and_key_follow_the_rule(scene: Scene, hand: Hand) -> None:
    """Though the value is equal; foreign tags and a resource policy survive."""
    scene.arrives("app/db", scene.put("app/db", a="b"))
    name = scene.name("app/db")
    hand.tag(name, theirs="kept")
    hand.secrets.put_resource_policy(SecretId=name, ResourcePolicy=POLICY)
    versions = scene.aws.version_ids(name)
    key = hand.new_key()

    with_target(
        scene, tags={"team": "a", "tier": "1"}, description="first", kms_key_id=key
    )
    assert tags_of(scene, "app/db") == {"team": "a", "tier": "1", "theirs": "kept"}
    assert hand.describe(name)["Description"] == "first"
    assert key in hand.describe(name)["KmsKeyId"]

    with_target(scene, tags={"team": "b"}, description="second")
    assert tags_of(scene, "app/db") == {"team": "b", "theirs": "kept"}
    assert hand.describe(name)["Description"] == "second"
    assert key not in hand.describe(name).get("KmsKeyId", "")
    assert hand.secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == POLICY
    assert scene.aws.version_ids(name) == versions


def test_replicas_follow_the_rule_and_a_delete(
    scene: Scene, hand: Hand, emulator: Emulator
) -> None:
    """Added, detached before a delete, put back after the restore, removed."""
    north = Hand(emulator.endpoint, region="eu-north-1")
    with_target(scene, replica_regions=["eu-north-1"])
    name = scene.name("app/db")
    scene.arrives("app/db", scene.put("app/db", a="b"))
    assert north.describe(name)["PrimaryRegion"] == "eu-central-1"

    scene.is_scheduled("app/db", scene.delete("app/db"))
    with pytest.raises(north.secrets.exceptions.ResourceNotFoundException):
        north.describe(name)

    scene.arrives("app/db", scene.put("app/db", a="c"))
    wait_until(
        lambda: bool(hand.describe(name).get("ReplicationStatus")), "a replica is back"
    )
    assert north.describe(name)["PrimaryRegion"] == "eu-central-1"

    with_target(scene)
    with pytest.raises(north.secrets.exceptions.ResourceNotFoundException):
        north.describe(name)
    north.close()


def states(scene: Scene) -> dict[str, str]:
    """Name to state, of all that the receiver knows."""
    items = scene.api("GET", "/v1/secrets?limit=1000").json()["items"]
    return {item["name"]: item["state"] for item in items}


def test_a_removed_rule_or_path_leaves_orphans_until_they_are_pruned(
    scene: Scene,
) -> None:
    """Listed, never deleted without ``prune``; what retain says is left alone."""
    scene.arrives("app/db", scene.put("app/db", a="b"))
    scene.arrives("old/db", scene.put("old/db", a="b"))
    scene.reconfigure(rules=[rule(scene.mount, include=["app/**"])])
    scene.reconcile()

    held = scene.held("old/db")
    assert held is not None
    assert held.deleted is None
    assert states(scene)[scene.name("old/db")] == "orphaned"
    assert scene.plan()["summary"]["orphaned"] == 1

    scene.reconcile(prune=True)
    held = scene.held("old/db")
    assert held is not None
    assert held.deleted is not None
    assert states(scene)[scene.name("app/db")] == "in_sync"


def test_a_new_name_template_makes_new_names_and_leaves_the_old(scene: Scene) -> None:
    """Both hold the value until the old one is pruned."""
    scene.arrives("app/db", scene.put("app/db", a="b"))
    other = f"other-{secrets.token_hex(4)}"
    with_target(scene, name=f"{other}/{{path}}")

    assert scene.aws.value(f"{other}/app/db") == '{"a":"b"}'
    assert scene.value("app/db") == '{"a":"b"}'
    assert states(scene) == {
        scene.name("app/db"): "orphaned",
        f"{other}/app/db": "in_sync",
    }


def test_an_opted_out_secret_is_an_orphan_until_it_is_pruned(scene: Scene) -> None:
    """Its owner said "not this one", and did not say "delete it"."""
    scene.arrives("app/db", scene.put("app/db", a="b"))
    scene.vault.set_metadata(
        scene.mount, "app/db", custom_metadata={"replicate": "false"}
    )
    wait_until(
        lambda: states(scene).get(scene.name("app/db")) == "orphaned", "it is opted out"
    )

    scene.reconcile(prune=True)
    held = scene.held("app/db")
    assert held is not None
    assert held.deleted is not None


def test_a_renamed_rule_changes_nothing_in_aws(scene: Scene) -> None:
    """The same names are the same secrets."""
    scene.arrives("app/db", scene.put("app/db", a="b"))
    scene.queue_drains()
    before = scene.held("app/db")
    scene.reconfigure(rules=[{**rule(scene.mount), "name": "renamed"}])
    scene.reconcile()

    assert scene.held("app/db") == before
    assert states(scene) == {scene.name("app/db"): "in_sync"}


def test_a_lost_state_file_costs_no_write(scene: Scene, hand: Hand) -> None:
    """Ownership and currency are proven from one listing."""
    for number in range(5):
        scene.arrives(f"app/{number}", scene.put(f"app/{number}", a="b"))
    scene.settles()
    before = {n: hand.describe(scene.name(f"app/{n}")) for n in range(5)}
    scene.receiver.stop()
    for file in scene.installation.state.parent.iterdir():
        file.unlink()
    scene.receiver.start()
    scene.reconcile()

    wait_until(
        lambda: list(states(scene).values()).count("in_sync") == 6, "all are known"
    )
    after = {n: hand.describe(scene.name(f"app/{n}")) for n in range(5)}
    assert [one["LastChangedDate"] for one in after.values()] == [
        one["LastChangedDate"] for one in before.values()
    ]


def test_the_fingerprint_key_is_rotated_without_a_gap(scene: Scene, hand: Hand) -> None:
    """The new one first, the old one after it; then the old one is thrown away."""
    directory = scene.installation.directory
    arrival = scene.arrives("app/db", scene.put("app/db", a="b"))
    write_secret(directory / "new.key", secrets.token_urlsafe(32))
    scene.reconfigure(
        fingerprint={"key_files": ["new.key", "fingerprint.key"]},
    )
    scene.reconcile()
    renewed = scene.held("app/db")
    assert renewed is not None
    assert renewed.current != arrival.held.current
    assert scene.value("app/db") == '{"a":"b"}'

    scene.reconfigure(fingerprint={"key_files": ["new.key"]})
    scene.reconcile()
    assert scene.held("app/db") == renewed
    scene.arrives("app/db", scene.put("app/db", a="c"))


def test_a_lost_fingerprint_key_stops_all_writes(scene: Scene) -> None:
    """Rather than write every secret anew under a key that is a mistake."""
    for number in range(4):
        scene.arrives(f"app/{number}", scene.put(f"app/{number}", a="b"))
    directory = scene.installation.directory
    write_secret(directory / "other.key", secrets.token_urlsafe(32))
    before = scene.aws.current_ids(scene.mount)
    scene.reconfigure(fingerprint={"key_files": ["other.key"]})
    scene.reconcile()

    assert any("fingerprint key" in fault for fault in scene.status()["faults"])
    assert scene.aws.current_ids(scene.mount) == before

    scene.reconfigure(fingerprint={"key_files": ["fingerprint.key"]})
    scene.reconcile()
    assert scene.status()["faults"] == []
    scene.arrives("app/0", scene.put("app/0", a="c"))


def test_a_kms_key_that_is_refused_is_one_fault(build: Build, hand: Hand) -> None:
    """Not one for each secret; and all arrive when it works again."""
    key = hand.new_key()
    scene = build(
        mount=(mount := f"kv-{secrets.token_hex(4)}"),
        rules=[rule(mount, target={"kms_key_id": key})],
    )
    hand.disable_key(key)
    for number in range(12):
        scene.put(f"app/{number}", a="b")

    def is_told() -> bool:
        faults = scene.status()["faults"]
        return any("KMS_DENIED" in fault for fault in faults)

    wait_until(is_told, "the circuit is open")
    hand.enable_key(key)
    for number in range(12):
        wait_until(
            lambda number=number: scene.held(f"app/{number}") is not None,
            "all arrive",
        )
