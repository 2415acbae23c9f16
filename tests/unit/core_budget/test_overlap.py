"""Rules that can match one secret are found, and only those."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.overlap import can_overlap
from receiver.core.rules import Rule, matches

GLOBS = st.lists(
    st.sampled_from(["a", "b", "/", "?", "*", "**", "**/"]), min_size=1, max_size=3
).map("".join)
#: A shortest common path has at most one character for each part of both globs.
PATHS = ["".join(p) for size in range(7) for p in product("ab/", repeat=size)]


def rule(**more: object) -> Rule:
    return Rule(**{"name": "r", "mount": "kv"} | more)


@given(one=GLOBS, other=GLOBS)
def test_exactly_when_a_path_is_matched_by_both(one: str, other: str) -> None:
    """Two includes overlap if and only if some path is matched by both."""
    both = any(matches(one, path) and matches(other, path) for path in PATHS)

    assert can_overlap(rule(include=(one,)), rule(include=(other,))) is both


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ({"mount": "kv"}, {"mount": "kv2"}, False),
        ({"mount": "team-*"}, {"mount": "team-a"}, True),
        ({"namespace": "a"}, {"namespace": "b"}, False),
        ({"namespace": "**"}, {"namespace": ""}, True),
        ({"include": ("a/**",)}, {"include": ("b/**", "a/x")}, True),
        ({"exclude": ("a/**",)}, {"include": ("a/**",)}, False),
        ({"exclude": ("a/**",)}, {"include": ("a/b/*",)}, False),
        ({"include": ("a/b/*",)}, {"exclude": ("a/**",)}, False),
        ({"exclude": ("a/*",)}, {"include": ("a/**",)}, True),
        ({"exclude": ("a/b",)}, {"include": ("a/b", "a/c")}, True),
        ({"exclude": ("**",)}, {}, False),
    ],
)
def test_rules(one: dict, other: dict, overlap: bool) -> None:
    """Namespace, mount and includes must all meet; a plain exclude keeps apart."""
    assert can_overlap(rule(**one), rule(**other)) is overlap
    assert can_overlap(rule(**other), rule(**one)) is overlap
