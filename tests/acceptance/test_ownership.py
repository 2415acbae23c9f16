"""Only what is ours is ever written, and people decide what is."""

from __future__ import annotations

import secrets

import pytest

from receiver.demo.installation import Mount
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, rule, wait_until

THEIRS = '{"it":"is theirs"}'


def is_in(scene: Scene, path: str, state: str) -> bool:
    """Whether the receiver says so of the secret."""
    item = scene.listed(path)
    return item is not None and item["state"] == state


def in_conflict(scene: Scene, hand: Hand, path: str) -> None:
    """Somebody has the name already when the secret is written in Vault."""
    hand.create(scene.name(path), THEIRS, Tags=[{"Key": "team", "Value": "theirs"}])
    scene.put(path, a="ours")
    wait_until(lambda: is_in(scene, path, "conflict"), "a conflict is reported")


def test_a_foreign_secret_of_that_name_is_a_conflict_until_adopted(
    shared: Scene, hand: Hand
) -> None:
    """Refused, reported with the remedy; then taken over on purpose, tags and all."""
    in_conflict(shared, hand, "app/db")
    assert shared.value("app/db") == THEIRS
    item = shared.listed("app/db")
    assert item is not None
    assert item["cause"] == "CONFLICT_FOREIGN"

    looked = shared.order("adopt", path="app/db", dry_run=True)
    assert looked["count"] == 1
    assert shared.value("app/db") == THEIRS
    shared.order("adopt", path="app/db")

    wait_until(lambda: shared.value("app/db") == '{"a":"ours"}', "the value is ours")
    wait_until(lambda: is_in(shared, "app/db", "in_sync"), "it is in sync")
    held = shared.held("app/db")
    assert held is not None
    assert held.tags["team"] == "theirs"


def test_a_released_secret_keeps_its_value_whatever_happens_in_vault(
    shared: Scene, hand: Hand
) -> None:
    """Write and delete pass it by, until it is adopted again."""
    shared.arrives("app/db", shared.put("app/db", a="b"))
    shared.order("release", path="app/db")
    wait_until(lambda: is_in(shared, "app/db", "orphaned"), "it is released")

    shared.put("app/db", a="later")
    shared.settles()
    assert shared.value("app/db") == '{"a":"b"}'
    shared.delete("app/db")
    shared.settles()
    held = shared.held("app/db")
    assert held is not None
    assert held.deleted is None

    shared.put("app/db", a="latest")
    shared.settles()
    shared.order("adopt", path="app/db")
    wait_until(lambda: shared.value("app/db") == '{"a":"latest"}', "it is ours again")


def test_a_secret_that_aws_rotates_is_not_written(shared: Scene, hand: Hand) -> None:
    """Two writers would undo each other's work."""
    shared.arrives("app/db", shared.put("app/db", a="b"))
    hand.turn_rotation_on(shared.name("app/db"))

    shared.put("app/db", a="c")
    shared.order("retry", path="app/db")

    def is_parked() -> bool:
        item = shared.listed("app/db")
        return item is not None and item["cause"] == "ROTATION_ON"

    # The first write is one that the journal knows nothing against.
    wait_until(is_parked, "rotation is noticed")
    before = shared.aws.version_ids(shared.name("app/db"))
    shared.put("app/db", a="d")
    shared.settles()
    assert shared.aws.version_ids(shared.name("app/db")) == before


def test_a_secret_made_anew_under_our_version_id_is_noticed(
    shared: Scene, hand: Hand
) -> None:
    """Everybody can see the id, so only the seal of the ARN proves whose bytes."""
    shared.arrives("app/db", shared.put("app/db", a="b"))
    shared.queue_drains()  # the seal comes after the value
    seen = shared.held("app/db")
    assert seen is not None
    name, forged = shared.name("app/db"), '{"a":"forged"}'
    tags = [{"Key": k, "Value": v} for k, v in seen.tags.items()]
    hand.delete(name, at_once=True)
    hand.create(name, forged, ClientRequestToken=seen.current, Tags=tags)

    shared.reconcile(path=f"{shared.mount}/{shared.inside('**')}")

    wait_until(lambda: shared.value("app/db") == '{"a":"b"}', "the value is Vault's")


def test_two_replicators_on_one_prefix_detect_each_other(
    shared: Scene, hand: Hand
) -> None:
    """By the tag that names the source; neither writes the other's."""
    shared.arrives("app/db", shared.put("app/db", a="b"))
    hand.tag(shared.name("app/db"), vault_source="another-vault")

    shared.reconcile(path=f"{shared.mount}/{shared.inside('**')}")

    def is_told() -> bool:
        item = shared.listed("app/db")
        return item is not None and item["cause"] == "CONFLICT_SOURCE"

    wait_until(is_told, "the other source is named")
    assert shared.value("app/db") == '{"a":"b"}'


def test_of_two_secrets_with_one_name_the_first_keeps_it(build: Build) -> None:
    """The second is refused at run time, and names the first."""
    one, two = f"one-{secrets.token_hex(4)}", f"two-{secrets.token_hex(4)}"
    spec = {"name": f"{one}/{{path}}"}
    scene = build(
        mount=one,
        mounts=[Mount(name=one), Mount(name=two)],
        rules=[rule(one, target=spec), rule(two, target=spec)],
    )
    scene.arrives("app/db", scene.put("app/db", a="first"))
    scene.vault.put(two, "app/db", {"a": "second"})

    def is_refused() -> bool:
        items = scene.api("GET", "/v1/secrets?state=parked").json()["items"]
        return [item["cause"] for item in items] == ["NAME_TAKEN"]

    wait_until(is_refused, "the second is refused")
    assert scene.value("app/db") == '{"a":"first"}'


@pytest.mark.parametrize("by", ["rule", "all"])
def test_many_are_adopted_at_once(build: Build, hand: Hand, by: str) -> None:
    """The move from another tool: one order instead of hundreds."""
    scene = build()
    for number in range(5):
        in_conflict(scene, hand, f"app/{number}")

    chosen = {"all": True} if by == "all" else {"rule": rule(scene.mount)["name"]}
    assert scene.order("adopt", dry_run=True, **chosen)["count"] == 5
    scene.order("adopt", **chosen)

    for number in range(5):
        wait_until(
            lambda number=number: scene.value(f"app/{number}") == '{"a":"ours"}',
            "all are ours",
        )
