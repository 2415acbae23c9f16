"""The Vault policy: what each kind of rule grants, and what it leaves out."""

from __future__ import annotations

import pytest

from receiver.core.rules import Rule
from receiver.policies.in_vault import Grant, OutOfReach, as_hcl, vault_policy
from receiver.policies.patterns import exactly, in_name, inside, places

_OF_THE_TOKEN = {
    "auth/token/lookup-self": ("read",),
    "auth/token/renew-self": ("update",),
    "sys/capabilities-self": ("update",),
}


def granted(*rules: Rule, home: str = "", v1: bool = False) -> dict[str, object]:
    """Paths with what they grant, without the token's own."""
    found = vault_policy(rules, home=home, is_v1=lambda namespace, mount: v1)
    paths: dict[str, object] = {grant.path: grant.capabilities for grant in found}
    for path, capabilities in _OF_THE_TOKEN.items():
        assert paths.pop(path) == capabilities
    return paths


class TestKvV2:
    def test_a_whole_mount(self) -> None:
        """Values, versions, and OpenBao's listing that brings them along."""
        assert granted(Rule(name="r", mount="kv")) == {
            "kv/metadata/*": ("read", "list"),
            "kv/detailed-metadata/*": ("list",),
            "kv/data/*": ("read",),
        }

    def test_values_only_where_they_are_included(self) -> None:
        """And denied where they are excluded; the listing is for the whole mount."""
        rule = Rule(
            name="r", mount="kv", include=("a/**", "b/x"), exclude=("a/tmp/**",)
        )

        assert granted(rule) == {
            "kv/metadata/*": ("read", "list"),
            "kv/detailed-metadata/*": ("list",),
            "kv/data/a/*": ("read",),
            "kv/data/b/x": ("read",),
            "kv/data/a/tmp/*": ("deny",),
        }

    def test_what_one_rule_excludes_another_may_include(self) -> None:
        """So nothing is denied on a mount that several rules cover."""
        rules = (
            Rule(name="r", mount="kv", exclude=("a/**",)),
            Rule(name="s", mount="kv", include=("*/db",)),
        )

        assert granted(*rules)["kv/data/+/db"] == ("read",)
        assert ("deny",) not in granted(*rules).values()

    def test_what_a_rule_includes_and_excludes(self) -> None:
        """Is excluded."""
        rule = Rule(name="r", mount="kv", include=("a/**", "b/**"), exclude=("a/**",))

        assert granted(rule)["kv/data/a/*"] == ("deny",)

    def test_two_rules_may_need_one_path(self) -> None:
        """Each for its own; it is granted once."""
        rules = (Rule(name="r", mount="kv"), Rule(name="s", mount="kv"))

        assert granted(*rules) == granted(rules[0])

    def test_an_exclude_that_vault_cannot_say_is_left_out(self) -> None:
        """A denial that is wider than the exclude would hide what is included."""
        rule = Rule(name="r", mount="kv", exclude=("**/tmp", "a-*"))

        assert ("deny",) not in granted(rule).values()


class TestKvV1:
    def test_a_whole_mount(self) -> None:
        """Values and listing have one path."""
        assert granted(Rule(name="r", mount="kv"), v1=True) == {
            "kv/*": ("read", "list")
        }

    def test_part_of_a_mount(self) -> None:
        """Listed everywhere, read where it is included."""
        rule = Rule(name="r", mount="kv", include=("a/**",), exclude=("a/tmp/**",))

        assert granted(rule, v1=True) == {
            "kv/*": ("list",),
            "kv/a/*": ("read", "list"),
            "kv/a/tmp/*": ("list",),
        }


class TestNamespaces:
    def test_a_namespace_stands_in_front(self) -> None:
        """For a token of the root."""
        rule = Rule(name="r", namespace="team1", mount="kv")

        assert "team1/kv/data/*" in granted(rule)

    def test_the_token_may_live_in_one(self) -> None:
        """Then paths are as it sees them."""
        rules = (
            Rule(name="r", namespace="team1", mount="kv"),
            Rule(name="s", namespace="team1/sub", mount="kv"),
        )
        found = granted(*rules, home="team1")

        assert {"kv/data/*", "sub/kv/data/*"} <= found.keys()

    def test_out_of_reach(self) -> None:
        """A token cannot read what is not below its namespace."""
        rule = Rule(name="r", namespace="team2", mount="kv")

        with pytest.raises(OutOfReach, match="rule r"):
            vault_policy((rule,), home="team1")

    def test_a_glob_is_listed_too(self) -> None:
        """A segment that is a glob is any segment."""
        found = granted(Rule(name="r", namespace="team-*", mount="*/kv"))

        assert found["sys/namespaces"] == ("list",)
        assert found["+/sys/namespaces"] == ("list",)
        assert "+/+/kv/data/*" in found


@pytest.mark.parametrize(
    ("glob", "covers", "is_exact"),
    [
        ("**", "*", True),
        ("a/b", "a/b", True),
        ("a/**", "a/*", True),
        ("*", "+", True),
        ("a/*/c", "a/+/c", True),
        ("a/team-*", "a/team-*", False),
        ("a/*-x", "a/+", False),
        ("a-*/b", "+/b", False),
        ("a?", "+", False),
        ("**/db", "*", False),
        ("a/**/db", "a/*", False),
    ],
)
def test_paths(glob: str, covers: str, is_exact: bool) -> None:
    """As Vault's policies can say it; exactly, where they can."""
    assert inside(glob) == covers
    assert exactly(glob) == (covers if is_exact else None)


@pytest.mark.parametrize(
    ("glob", "patterns"),
    [
        ("", [""]),
        ("a/b/c/d/e", ["a/b/c/d/e"]),
        ("team-*/kv", ["+/kv"]),
        ("**", ["", "+", "+/+", "+/+/+"]),
        ("a/**", ["a", "a/+", "a/+/+", "a/+/+/+"]),
    ],
)
def test_mounts_and_namespaces(glob: str, patterns: list[str]) -> None:
    """To a depth of three where the glob has none."""
    assert places(glob) == patterns


def test_names() -> None:
    """IAM's wildcard crosses everything; what AWS does not take is written as it is in
    names."""
    assert in_name("team-*/a b/**") == "team-*/a+20b/*"


def test_hcl() -> None:
    """A comment says why each line is there."""
    assert as_hcl([Grant('kv/data/"a"', ("read",), "the values")]) == (
        '# the values\npath "kv/data/\\"a\\"" {\n  capabilities = ["read"]\n}\n'
    )


def test_a_glob_over_mounts_of_both_versions() -> None:
    """KV v1 has no path in common with v2, so each one that there is gets its lines,
    with what the rule excludes."""
    rule = Rule(name="r", mount="team/*", exclude=("tmp/**",))
    found = vault_policy((rule,), found_v1=[("", "team/old")])
    paths = {grant.path: grant.capabilities for grant in found}

    assert paths["team/+/data/*"] == ("read",)
    assert paths["team/+/data/tmp/*"] == ("deny",)
    assert paths["team/old/*"] == ("read", "list")
    assert paths["team/old/tmp/*"] == ("list",)
