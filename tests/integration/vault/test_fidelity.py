"""What Vault answers is what AWS gets, whatever is written.

The oracle reads numbers as their digits, and shares no code with ours.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.core.render import render
from receiver.core.state import SecretRef, Value
from receiver.demo.vault import Vault
from tests.integration.vault.conftest import Reader

# What Go's decoder takes: no lone surrogates, no numbers that no float can hold.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_NUMBERS = (
    st.integers(-(10**40), 10**40).map(str)
    | st.decimals(-(10**20), 10**20, places=6).map(str)
    | st.sampled_from(["1.10", "-0", "1E5", "1e-7", "9007199254740993", "0.0"])
)


class _Number(str):
    """Written as it is, without quotes."""


_TREES = st.recursive(
    st.none() | st.booleans() | _TEXT | _NUMBERS.map(_Number),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3)
    ),
    max_leaves=8,
)
_DATA = st.dictionaries(_TEXT, _TREES, min_size=1, max_size=4)


@pytest.mark.parametrize("version", [1, 2])
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=_DATA)
def test_every_value_keeps_every_digit_and_every_character(
    root: Vault,
    reader: Reader,
    mount: str,
    mount_v1: str,
    version: int,
    data: dict[str, Any],
) -> None:
    """Against Vault's raw answer: equal data, and numbers with the same digits."""
    place = mount_v1 if version == 1 else mount
    path = f"{place}/x" if version == 1 else f"{place}/data/x"
    text = _write(data if version == 1 else {"data": data})
    raw = _exchange(root, path, text)
    answered = _exact(raw)["data"] if version == 1 else _exact(raw)["data"]["data"]

    truth = reader.source.read(SecretRef("", place, "x"))

    assert isinstance(truth, Value)
    assert _exact(render(truth.body, None)) == answered


def _exchange(vault: Vault, path: str, body: str) -> str:
    """Write the body, read the answer."""
    headers = {"X-Vault-Token": vault.token}
    url = f"{vault.address}/v1/{path}"
    with httpx.Client(headers=headers, trust_env=False) as client:
        client.post(url, content=body).raise_for_status()
        return client.get(url).raise_for_status().text


def _exact(text: str) -> Any:
    """Numbers as their own digits, told apart from strings."""
    return json.loads(
        text,
        parse_int=lambda digits: ("number", digits),
        parse_float=lambda digits: ("number", digits),
    )


def _write(tree: Any) -> str:
    if isinstance(tree, _Number):
        return str(tree)
    if isinstance(tree, dict):
        items = (f"{json.dumps(key)}:{_write(value)}" for key, value in tree.items())
        return "{" + ",".join(items) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(_write, tree)) + "]"
    return json.dumps(tree)
