"""Which secrets a rule takes, and how request paths become keys."""

from __future__ import annotations

import pytest

from receiver.core.paths import key_of
from receiver.core.retry import GUARD_ROUNDS, backoff, guard_delay
from receiver.core.rules import Rule, matches, rules_for
from receiver.core.state import SecretRef


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("**", "a/b/c", True),
        ("tmp/**", "tmp/a/b", True),
        ("tmp/**", "tmp", False),
        ("tmp/**", "tmpx/a", False),
        ("*", "a", True),
        ("*", "a/b", False),
        ("team-*/db", "team-a/db", True),
        ("team-*/db", "team-a/x/db", False),
        ("**/db", "db", True),
        ("**/db", "a/b/db", True),
        ("**/db", "a/notdb", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("[x]", "[x]", True),
        ("a\nb", "a\nb", True),
    ],
)
def test_globs(glob: str, path: str, expected: bool) -> None:
    """Two stars cross slashes, one star and a question mark do not."""
    assert matches(glob, path) is expected


def test_a_rule_takes_what_is_included_and_not_excluded() -> None:
    """Mount and namespace are matched too."""
    rule = Rule(
        name="r", mount="team-*/kv", include=("app/**",), exclude=("app/tmp/*",)
    )

    assert rule.matches(SecretRef("", "team-a/kv", "app/db"))
    assert not rule.matches(SecretRef("", "team-a/kv", "app/tmp/x"))
    assert not rule.matches(SecretRef("", "team-a/kv", "other"))
    assert not rule.matches(SecretRef("", "team/kv", "app/db"))
    assert not rule.matches(SecretRef("ns", "team-a/kv", "app/db"))


def test_every_matching_rule_takes_its_part() -> None:
    """In the order of the configuration."""
    one, two = Rule(name="1", mount="kv"), Rule(name="2", mount="*", exclude=("x",))

    assert rules_for((one, two), SecretRef("", "kv", "a")) == [one, two]
    assert rules_for((one, two), SecretRef("", "kv", "x")) == [one]


@pytest.mark.parametrize(
    ("path", "version", "key"),
    [
        ("data/a/b", 2, "a/b"),
        ("metadata/a", 2, "a"),
        ("delete/a", 2, "a"),
        ("undelete/a", 2, "a"),
        ("destroy/a", 2, "a"),
        ("config", 2, None),
        ("subkeys/a", 2, None),
        ("data/", 2, None),
        ("data/data/a", 2, "data/a"),
        ("data/a", 1, "data/a"),
        ("a", 1, "a"),
    ],
)
def test_request_paths(path: str, version: int, key: str | None) -> None:
    """On v1 the path is the key, also when it looks like one of v2."""
    assert key_of(path, version) == key


def test_the_guard_reads_for_about_ten_seconds() -> None:
    """From 50 ms, doubling to 2 s."""
    delays = [guard_delay(attempt) for attempt in range(GUARD_ROUNDS)]

    assert delays[0] == 0.05
    assert max(delays) == 2.0
    assert 8 < sum(delays) < 12


def test_backoff_grows_to_five_minutes_and_is_spread() -> None:
    """However many attempts there were."""
    assert backoff("INTERNAL", 0, jitter=0.0) == 0.25
    assert backoff("INTERNAL", 3, jitter=0.0) == 2.0
    assert backoff("INTERNAL", 10**9, jitter=0.0) == 300.0
    assert backoff("INTERNAL", 3, jitter=0.999) > 1.0


def test_what_is_away_as_a_whole_is_asked_more_often() -> None:
    """So that everything that waited is served soon after its return."""
    assert backoff("AWS_UNREACHABLE", 50, jitter=0.0) == 20.0
    assert backoff("VAULT_SEALED", 50, jitter=0.0) == 20.0
