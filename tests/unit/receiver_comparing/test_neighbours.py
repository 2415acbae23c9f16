"""What the tags and names in an account tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.comparison.neighbours import orphan, ref_of, static_prefix, unescape
from receiver.core.fingerprint import PATH, RELEASED
from receiver.core.naming import escape, path_tag
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Observed
from tests.unit.receiver_comparing.conftest import ref


@pytest.mark.parametrize(
    ("rule", "prefix"),
    [
        (Rule(name="r", mount="kv"), "kv/"),
        (Rule(name="r", mount="team-*"), "team-"),
        (Rule(name="r", mount="**"), ""),
        (Rule(name="r", mount="a b"), "a+20b/"),
        (Rule(name="r", mount="kv", target=TargetSpec(name="prod/{path}")), "prod/"),
        (Rule(name="r", mount="kv", target=TargetSpec(name="{rule}-{path}")), "r-"),
        (Rule(name="r", mount="kv", target=TargetSpec(name="one")), "one"),
        (
            Rule(
                name="r",
                namespace="ns",
                mount="kv*",
                target=TargetSpec(name="{namespace}/{mount}/{path}"),
            ),
            "ns/kv",
        ),
    ],
)
def test_what_all_names_of_a_rule_begin_with(rule: Rule, prefix: str) -> None:
    """As far as its globs and its template let it be known."""
    assert static_prefix(rule) == prefix


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_escaped_text_comes_back(text: str) -> None:
    """Whatever it holds."""
    assert unescape(escape(text)) == text


def tagged(path: str, **tags: str) -> Observed:
    return Observed("arn", {PATH: path, **tags}, {})


def test_a_reference_is_read_from_the_tag() -> None:
    """When it is of the mount, and cannot have been cut."""
    about = ref("a b/c", "kv", "ns")

    assert ref_of(tagged(path_tag(about)), ("ns", "kv")) == about
    assert ref_of(tagged(path_tag(about)), ("", "kv")) is None
    assert ref_of(tagged("kv/"), ("", "kv")) is None
    cut = path_tag(ref("x" * 300))
    assert ref_of(tagged(cut), ("", "kv")) is None


def test_an_orphan_keeps_the_tags_of_its_reference() -> None:
    """So that it is known as ours when it is looked at."""
    found = orphan("eu-central-1", "kv/a", tagged("kv/a+20b"), 1.0)

    assert found is not None
    assert path_tag(found.ref) == "kv/a+20b"
    assert found.attributes is None


def test_what_ends_already_is_no_orphan() -> None:
    """Released, or about to be deleted, or without a path of ours."""
    assert orphan("r", "n", tagged("kv/a", **{RELEASED: "true"}), 1.0) is None
    assert orphan("r", "n", tagged(""), 1.0) is None
    ending = Observed("arn", {PATH: "kv/a"}, {}, deleting=True)
    assert orphan("r", "n", ending, 1.0) is None
