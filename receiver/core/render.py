"""From Vault's raw JSON to the bytes that AWS holds, digit for digit.

Equal data gives equal bytes: keys sorted by code point at every level, no spaces,
raw UTF-8, no escape that JSON does not need. Numbers are never converted; they
travel as the text that Vault wrote. ``RENDERER`` goes into every version id, so
that a change of this module gives new ids.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import TypeAlias

from receiver.core.causes import Cause, Permanent

RENDERER = "1"
MAX_BYTES = 65_536


class Number(str):
    """A JSON number as its own text."""

    __slots__ = ()


Json: TypeAlias = "dict[str, Json] | list[Json] | str | Number | bool | None"


def parse(text: str) -> Json:
    """Read JSON with every number kept as text. Raises ValueError."""
    try:
        tree: Json = json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=_refuse
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return tree


def canonical(tree: Json) -> str:
    """The one text of ``tree``. Raises ValueError when it is nested too deeply."""
    try:
        return _write(tree)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def render(body: str, format_key: str | None) -> str:
    """What goes into SecretString. Raises Permanent with a reason that says no value.

    ``body`` is canonical JSON of the data; with ``format_key`` only that key's value
    is taken, as plain text.
    """
    if body == "null":
        raise Permanent(Cause.VALUE_EMPTY, "the version's data is null")
    text = body if format_key is None else _pick(body, format_key)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise Permanent(
            Cause.VALUE_TOO_LARGE, f"value is {size:,} bytes, AWS holds {MAX_BYTES:,}"
        )
    return text


def _pick(body: str, key: str) -> str:
    tree = parse(body)
    if not isinstance(tree, dict) or key not in tree:
        raise Permanent(Cause.VALUE_EMPTY, "the key that the format names is missing")
    value = tree[key]
    if not isinstance(value, str):  # a Number is a str too: its digits
        raise Permanent(
            Cause.VALUE_EMPTY, "the key that the format names is no string or number"
        )
    if not value:
        raise Permanent(Cause.VALUE_EMPTY, "the key that the format names is empty")
    return str(value)


def _write(tree: Json) -> str:
    match tree:
        case Number():
            return str(tree)
        case str():
            return encode_basestring(tree)
        case None:
            return "null"
        case bool():
            return "true" if tree else "false"
        case list():
            return "[" + ",".join(map(_write, tree)) + "]"
        case dict():
            items = (f"{encode_basestring(k)}:{_write(tree[k])}" for k in sorted(tree))
            return "{" + ",".join(items) + "}"


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")
