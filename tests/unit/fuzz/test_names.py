"""Names in AWS: whatever Vault holds, two secrets never meet in one by escaping."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.causes import Cause, Permanent
from receiver.core.naming import MAX_NAME, escape, name_of, path_tag
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import SecretRef

PATHS = st.lists(
    st.text(
        st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1
    )
    | st.sampled_from(
        ["+", "+2F", "+2B", "%2F", "a b", "{path}", "é", "e\u0301", "a."]
    ),
    min_size=1,
    max_size=3,
).map("/".join)
#: Around the path stands what no other path can imitate.
TEMPLATES = st.sampled_from(
    [
        "{path}",
        "{mount}/{path}",
        "{namespace}/{mount}/{path}",
        "/a-{rule}/{path}",
        "v/{path}-x",
    ]
)


def name(template: str, ref: SecretRef) -> str | None:
    """None: AWS cannot hold it, and that is said with its own cause."""
    rule = Rule(name="r 1", mount="**", target=TargetSpec(name=template))
    try:
        return name_of(rule, ref)
    except Permanent as refused:
        cause = refused.cause
    assert cause is Cause.NAME_IMPOSSIBLE
    return None


@given(PATHS, PATHS, TEMPLATES)
def test_two_secrets_of_a_mount_never_share_a_name(
    one: str, other: str, template: str
) -> None:
    """Under any template that holds the path."""
    names = [name(template, SecretRef("team", "kv", path)) for path in (one, other)]

    assert one == other or names[0] is None or names[0] != names[1]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_can_be_read_back(text: str) -> None:
    """The escape is that of addresses with another sign, so any tool undoes it; and
    it leaves only what AWS takes."""
    escaped = escape(text)

    assert re.fullmatch(r"[A-Za-z0-9/_+.@-]*", escaped, re.ASCII)
    assert unquote_to_bytes(escaped.replace("+", "%")).decode() == text


@given(PATHS, PATHS, TEMPLATES)
def test_a_name_is_one_that_aws_takes(namespace: str, path: str, template: str) -> None:
    """Or it is refused before AWS is asked; the tag fits in any case."""
    ref = SecretRef(namespace, "kv", path)
    made = name(template, ref)

    assert made is None or re.fullmatch(
        rf"[A-Za-z0-9/_+=.@!-]{{1,{MAX_NAME}}}", made, re.ASCII
    )
    assert len(path_tag(ref)) <= 256


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_template_cannot_be_smuggled_in(path: str) -> None:
    """Braces in what users write are data, and never reach the formatting."""
    found = name("{path}", SecretRef("", "kv", path + "{rule}{0.__class__}"))

    assert found is None or (
        "r+201" not in found and found.endswith("+7Brule+7D+7B0.__class__+7D")
    )
