"""One rule for many mounts in many namespaces, some of which come and go."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace

import pytest

from receiver.demo.vault import Written
from tests.acceptance.evidence import compares
from tests.acceptance.scene import Scene, wait_until
from tests.acceptance.teams import Place, Team
from tests.acceptance.vault_operator import VaultOperator


def test_each_mount_of_each_namespace_keeps_its_names(plain: Scene, team: Team) -> None:
    """Secrets of one path in several places are several secrets."""
    other = Team.new(plain)
    places = [team.mount("app/kv"), team.mount("web/kv"), other.mount("app/kv")]
    written = [place.put() for place in places]

    for place, each in zip(places, written, strict=True):
        place.arrives(each)


def test_what_no_glob_covers_stays_in_vault(plain: Scene, team: Team) -> None:
    """Another mount of a team, and such a mount of somebody else."""
    stranger = Team.new(plain, kind="stranger")
    places = [team.mount("app/other"), team.mount("kv"), stranger.mount("app/kv")]
    for place in places:
        place.put()

    plain.settles()

    assert [place.scene.held("app/db") for place in places] == [None] * 3


@dataclass(frozen=True)
class Found:
    """What a comparison had to find; the mounts were made, moved and disabled."""

    silent: Place
    written: Written
    moved: Place
    gone: Place
    new: Scene


@pytest.fixture(scope="module")
def found(_several_rules: Scene) -> Found:
    """A mount that no event told of, one that has moved, one that went away."""
    scene, team = _several_rules, Team.new(_several_rules)
    moved, gone = team.mount("moving/kv"), team.mount("gone/kv")
    for place in (moved, gone):
        place.arrives(place.put())
    scene.settles()
    scene.forwarder.stop()
    silent = team.mount("silent/kv")
    written = silent.put()
    scene.forwarder.start()
    gone.vault.disable(gone.mount)
    with closing(
        VaultOperator(scene.installation, namespace=team.namespace)
    ) as operator:
        operator.move(moved.mount, "moved/kv")
    compares(scene)
    new = replace(moved.scene, mount=f"{team.namespace}/moved/kv")
    return Found(silent, written, moved, gone, new)


def test_the_comparison_finds_a_mount_that_nobody_told_of(found: Found) -> None:
    """Made and written to while the forwarder was off."""
    found.silent.arrives(found.written)


def test_a_mount_that_moves_appears_under_new_names(found: Found) -> None:
    """And nothing is deleted."""
    wait_until(lambda: found.new.held("app/db") is not None, "the new name")

    assert found.new.value("app/db") == found.moved.scene.value("app/db")
    assert found.moved.is_alive()


def test_a_mount_that_goes_away_deletes_nothing(found: Found) -> None:
    """Where no rule names it, no listing misses it."""
    assert found.gone.is_alive()


def test_what_a_mount_left_behind_is_listed_as_orphaned(found: Found) -> None:
    """Whether it moved or went away: AWS holds what Vault has no more."""
    answer = found.new.api("GET", "/v1/secrets?state=orphaned").raise_for_status()

    orphaned = {item["name"] for item in answer.json()["items"]}
    left = {place.scene.name("app/db") for place in (found.moved, found.gone)}
    assert left <= orphaned
