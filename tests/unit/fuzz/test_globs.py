"""Globs that come over HTTP: they mean what they always meant, and never hang."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.rules import matches

_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def as_expression(glob: str) -> str:
    """The meaning of a glob, for an engine that may take hours."""
    parts = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]", glob)
    return "".join(_MEANING.get(part, re.escape(part)) for part in parts)


@given(
    st.lists(
        st.sampled_from(["**/", "**", "*", "?", "a", "b", "/", "ab", "\n"]), max_size=7
    ).map("".join),
    st.text("ab/\n", max_size=9),
)
def test_a_glob_is_what_its_expression_is(glob: str, path: str) -> None:
    """The same paths match as by the regular expression that defines the meaning."""
    expected = re.fullmatch(as_expression(glob), path, re.DOTALL) is not None

    assert matches(glob, path) == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["*a", "**a", "**/a", "**/", "*", "?*", "a*/**/"])
def test_no_glob_takes_forever(part: str) -> None:
    """Hundreds of wildcards against a long path: an expression would take years."""
    glob = part * 200 + "x"

    assert not matches(glob, "a" * 400)
    assert not matches(glob, "a/" * 200)
