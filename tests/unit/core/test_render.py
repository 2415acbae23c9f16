"""The bytes that AWS holds: what Vault wrote, digit for digit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.causes import Cause, Permanent
from receiver.core.render import MAX_BYTES, canonical, parse, render


def through(text: str) -> str:
    """Parsed and written again."""
    return canonical(parse(text))


@pytest.mark.parametrize(
    "number",
    ["1.10", "12345678901234567890123", "-0", "1E5", "1e400", "0.1e-7", "-0.0"],
)
def test_a_number_keeps_its_digits(number: str) -> None:
    """No number passes through a float or an int."""
    assert through(f'{{"n":{number}}}') == f'{{"n":{number}}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ "b" : 1, "a" : [ true , null ] }', '{"a":[true,null],"b":1}'),
        ('{"b":{"d":1,"c":2},"B":0}', '{"B":0,"b":{"c":2,"d":1}}'),
        ('"\\u003c\\u00fc\\u2028/"', '"<ü\u2028/"'),
        (
            '"tab\\t quote\\" back\\\\ nul\\u0000"',
            '"tab\\t quote\\" back\\\\ nul\\u0000"',
        ),
        ('"\\ud83d\\ude00"', '"😀"'),
        ("{}", "{}"),
    ],
)
def test_equal_data_is_equal_bytes(text: str, expected: str) -> None:
    """Sorted, compact, and no escape that JSON does not need."""
    assert through(text) == expected


_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_trees)
def test_nothing_is_lost_and_writing_again_changes_nothing(tree: object) -> None:
    """Any JSON: the same data afterwards, and one form only."""
    text = through(json.dumps(tree))

    assert json.loads(text) == tree
    assert through(text) == text


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "", "[" * 5000])
def test_what_is_no_json_is_an_error(text: str) -> None:
    """Also when it is nested too deeply to read."""
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_format_key_gives_one_value_as_plain_text() -> None:
    """A string as it is, a number by its digits."""
    assert render('{"p":"x<ü","q":1}', "p") == "x<ü"
    assert render('{"p":1.50}', "p") == "1.50"


@pytest.mark.parametrize(
    ("body", "key", "cause"),
    [
        ("null", None, Cause.VALUE_EMPTY),
        ('{"a":"b"}', "p", Cause.VALUE_EMPTY),
        ('{"p":""}', "p", Cause.VALUE_EMPTY),
        ('{"p":{"x":1}}', "p", Cause.VALUE_EMPTY),
        ('{"p":true}', "p", Cause.VALUE_EMPTY),
        ('{"p":"' + "x" * MAX_BYTES + '"}', None, Cause.VALUE_TOO_LARGE),
        ('{"p":"' + "ü" * 40_000 + '"}', "p", Cause.VALUE_TOO_LARGE),
    ],
)
def test_what_cannot_be_held_is_parked_without_saying_it(
    body: str, key: str | None, cause: Cause
) -> None:
    """Size counts in bytes; the reason holds nothing of the value."""
    with pytest.raises(Permanent) as caught:
        render(body, key)

    assert caught.value.cause is cause
    assert "xxx" not in str(caught.value)


def test_an_empty_object_and_the_largest_value_are_held() -> None:
    """The edges that are still inside."""
    largest = '"' + "x" * (MAX_BYTES - 2) + '"'

    assert render("{}", None) == "{}"
    assert render(largest, None) == largest
