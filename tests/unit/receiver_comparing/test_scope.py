"""How much a comparison is about."""

from __future__ import annotations

import pytest

from receiver.core.rules import Rule
from receiver.core.scope import Scope, cover
from tests.unit.receiver_comparing.conftest import ref

ABOUT = ref("team/db", "kv", "emea")


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(rule="all"),
        Scope(namespace="emea"),
        Scope(namespace="e*", mount="kv"),
        Scope(path="team/*"),
        Scope(path="emea/kv/team/db"),
        Scope(path="**/db"),
    ],
)
def test_what_is_covered(scope: Scope) -> None:
    """A path is that inside the mount, or the whole one."""
    assert scope.covers("all", ABOUT)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(rule="other"),
        Scope(namespace=""),
        Scope(mount="kv2"),
        Scope(path="team"),
        Scope(path="kv/team/db"),
        Scope(rule="all", path="*"),
    ],
)
def test_what_is_not(scope: Scope) -> None:
    """Whatever is given must hold."""
    assert not scope.covers("all", ABOUT)


def test_several_cover_what_any_of_them_does() -> None:
    """A run may be about several."""
    scopes = [Scope(path="x"), Scope(path="team/**")]

    assert cover(scopes, "all", ABOUT)
    assert not cover(scopes, "all", ref("y"))


def test_a_rule_that_cannot_be_meant_is_left_out() -> None:
    """So that its mounts are not listed; a glob may be meant."""
    rule = Rule(name="all", mount="kv")

    assert Scope(mount="kv", namespace="").covers_rule(rule)
    assert not Scope(mount="kv2").covers_rule(rule)
    assert not Scope(rule="other").covers_rule(rule)
    assert Scope(mount="kv2").covers_rule(Rule(name="all", mount="kv*"))
