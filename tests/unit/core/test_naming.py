"""Names in AWS: the template, the escape, and what AWS cannot hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.causes import Cause, Permanent
from receiver.core.naming import escape, name_of, path_tag
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import SecretRef


def name(template: str, *, namespace: str = "", path: str = "a/b") -> str:
    """The name of one secret under a template."""
    rule = Rule(name="r1", mount="**", target=TargetSpec(name=template))
    return name_of(rule, SecretRef(namespace, "team/kv", path))


@pytest.mark.parametrize(
    ("template", "namespace", "expected"),
    [
        ("{mount}/{path}", "", "team/kv/a/b"),
        ("vault/{namespace}/{mount}/{path}", "", "vault/team/kv/a/b"),
        ("vault/{namespace}/{mount}/{path}", "ns1", "vault/ns1/team/kv/a/b"),
        ("{namespace}/{path}", "", "a/b"),
        ("{path}/{namespace}", "", "a/b"),
        ("/abs/{rule}/{path}", "", "/abs/r1/a/b"),
    ],
)
def test_the_template_is_filled_and_empty_parts_drop_their_slash(
    template: str, namespace: str, expected: str
) -> None:
    """Each placeholder, with and without a namespace."""
    assert name(template, namespace=namespace) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain/_.@-", "plain/_.@-"),
        ("a+b", "a+2Bb"),
        ("a b", "a+20b"),
        ("ü", "+C3+BC"),
        ("{path}", "+7Bpath+7D"),
        ("a=b!", "a+3Db+21"),
    ],
)
def test_other_bytes_are_escaped(text: str, expected: str) -> None:
    """Upper-case hex of each UTF-8 byte behind a plus."""
    assert escape(text) == expected


@given(st.text())
def test_the_escape_is_reversible(text: str) -> None:
    """So two paths never meet in one name."""
    raw = re.sub(rb"\+([0-9A-F]{2})", _byte, escape(text).encode())

    assert raw.decode() == text


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())


def test_a_path_with_braces_is_no_template() -> None:
    """What a user named a secret is data."""
    assert name("{path}", path="x{mount}y") == "x+7Bmount+7Dy"


def test_a_name_that_aws_cannot_hold_is_parked() -> None:
    """512 characters are the most."""
    assert len(name("{path}", path="x" * 512)) == 512
    with pytest.raises(Permanent) as caught:
        name("{path}", path="x" * 513)

    assert caught.value.cause is Cause.NAME_IMPOSSIBLE
    assert "xxx" not in str(caught.value)


def test_the_path_tag_fits_a_tag() -> None:
    """Escaped like a name, cut at what a tag can hold."""
    assert path_tag(SecretRef("ns", "kv", "a b")) == "ns/kv/a+20b"
    assert len(path_tag(SecretRef("", "kv", "x" * 400))) == 256
