"""One secret that AWS cannot hold is parked with its reason; the others go on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from tests.acceptance.evidence import states
from tests.acceptance.scene import Scene, wait_until
from tests.acceptance.vault_operator import VaultOperator

NEIGHBOURS = [f"team/secret-{number}" for number in range(10)]
LONG_NAME = "team/" + "ü" * 90  # six characters each in AWS
LARGEST = 65_536 - len('{"a":""}')


@pytest.fixture
def keyed(plain: Scene) -> Scene:
    """The same in the mount of whose secrets the value of one key is pushed."""
    return replace(plain, mount=f"{plain.mount}-keyed")


def parks(scene: Scene, path: str, cause: str) -> None:
    """Wait until it is parked for this cause."""
    wait_until(lambda: states(scene).get(path) == ("parked", cause), cause)


def test_among_many_only_the_impossible_ones_are_parked(plain: Scene) -> None:
    """Too long a name, no data, too large a value: each is named with its cause, in
    the list and in the status, and none of the others waits for them."""
    written = {path: plain.put(path, path=path) for path in NEIGHBOURS[:5]}
    plain.put(LONG_NAME, a="b")
    null = f"{plain.mount}/data/{plain.inside('team/null')}"
    with closing(VaultOperator(plain.installation)) as operator:
        operator.do("POST", null, {"data": None})
    plain.put("team/large", a="x" * 70_000)
    written |= {path: plain.put(path, path=path) for path in NEIGHBOURS[5:]}

    for path, each in written.items():
        plain.arrives(path, each)
    parks(plain, LONG_NAME, "NAME_IMPOSSIBLE")
    parks(plain, "team/null", "VALUE_EMPTY")
    parks(plain, "team/large", "VALUE_TOO_LARGE")
    held = plain.aws.current_ids(f"{plain.mount}/{plain.folder}")
    assert held.keys() == {plain.name(path) for path in NEIGHBOURS}
    needing = {item["path"]: item for item in plain.status()["needs_you"]}
    assert needing[plain.inside("team/large")]["cause"] == "VALUE_TOO_LARGE"


def test_a_value_is_too_large_by_its_bytes(plain: Scene) -> None:
    """The largest that AWS takes arrives; one character of two bytes more does not."""
    plain.arrives("largest", plain.put("largest", a="x" * LARGEST))
    plain.put("larger", a="x" * (LARGEST - 1) + "ü")

    parks(plain, "larger", "VALUE_TOO_LARGE")


def test_a_parked_update_leaves_the_last_value_until_it_is_mended(
    plain: Scene,
) -> None:
    """AWS keeps what it had; the next version that fits ends the parking."""
    plain.arrives("app/db", plain.put("app/db", a="small"))
    plain.put("app/db", a="x" * 70_000)
    parks(plain, "app/db", "VALUE_TOO_LARGE")
    assert plain.value("app/db") == '{"a":"small"}'

    plain.arrives("app/db", plain.put("app/db", a="small again"))

    wait_until(lambda: states(plain)["app/db"] == ("in_sync", None), "it is in sync")


def test_a_parked_secret_may_still_be_deleted(plain: Scene) -> None:
    """That its last value was too large keeps no earlier one alive."""
    plain.arrives("app/db", plain.put("app/db", a="small"))
    plain.put("app/db", a="x" * 70_000)
    parks(plain, "app/db", "VALUE_TOO_LARGE")

    plain.is_scheduled("app/db", plain.delete("app/db"))


def test_a_single_key_arrives_as_plain_text(keyed: Scene) -> None:
    """A string as it is, a number as its digits; the other keys stay in Vault."""
    keyed.arrives("text", keyed.put("text", user="u", password='p "<ü>'))
    keyed.arrives("number", keyed.put("number", password=12345))

    assert keyed.value("text") == 'p "<ü>'
    assert keyed.value("number") == "12345"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        pytest.param({"passwort": "p"}, "VALUE_EMPTY", id="missing"),
        pytest.param({"password": ""}, "VALUE_EMPTY", id="empty"),
        pytest.param({"password": None}, "VALUE_EMPTY", id="null"),
        pytest.param({"password": ["p"]}, "VALUE_EMPTY", id="a list"),
        pytest.param({"password": True}, "VALUE_EMPTY", id="a boolean"),
    ],
)
def test_without_a_usable_key_a_secret_is_parked(
    keyed: Scene, data: dict[str, object], cause: str
) -> None:
    """Until somebody writes it; then it arrives."""
    keyed.put("app/db", **data)
    parks(keyed, "app/db", cause)
    assert keyed.held("app/db") is None

    keyed.arrives("app/db", keyed.put("app/db", password="p"))

    assert keyed.value("app/db") == "p"
