"""Of many events about one thing, one remains; which, is decided here."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.coalesce import key_of, merge

T1, T2 = "2026-11-23T10:00:00.1Z", "2026-11-23T10:00:00.12Z"


def test_only_the_same_secret_coalesces() -> None:
    """Namespace, mount and path together; where one ends is never a guess."""
    changes = [
        wire.Change(mount="kv/", path="data/a"),
        wire.Change(mount="kv/", path="data/b"),
        wire.Change(mount="kv/data/", path="a"),
        wire.Change(mount="kv/", path="data/a", namespace="team/"),
        wire.MountChange(mount="kv/"),
        wire.MountChange(mount=None),
        wire.Gap(reason="connection"),
        wire.Gap(reason="overflow"),
        wire.Gap(reason="overflow", mounts=["kv"]),
    ]

    assert len({key_of(change) for change in changes}) == len(changes)


def test_what_an_event_says_beside_does_not_count() -> None:
    """Operation, version and accessor do not make another secret of it."""
    one = wire.Change(mount="kv/", path="data/a", operation="create", version=1)
    two = wire.Change(mount="kv/", path="data/a", mount_accessor="kv_1", namespace=None)

    assert key_of(one) == key_of(two)


@pytest.mark.parametrize(
    ("old", "new", "version", "time"),
    [
        ((1, T1), (2, T2), 2, T2),
        ((2, T2), (1, T1), 2, T2),  # as text T2 sorts before T1
        ((2, T2), (None, None), 2, T2),
        ((None, None), (1, T1), 1, T1),
        ((9, T1), (1, T2), 1, T2),  # deleted and written anew: versions start over
    ],
)
def test_the_greatest_version_time_stays(
    hint: Callable[..., Hint],
    old: tuple[int | None, str | None],
    new: tuple[int | None, str | None],
    version: int | None,
    time: str | None,
) -> None:
    """The receiver must not settle for a reading older than the newest version."""
    merged = merge(
        hint(id="old", operation="create", version=old[0], created_time=old[1]),
        hint(id="new", operation="delete", version=new[0], created_time=new[1]),
    )

    assert isinstance(merged.data, wire.Change)
    assert (merged.id, merged.data.operation) == ("new", "delete")
    assert (merged.data.version, merged.data.created_time) == (version, time)


def test_a_known_accessor_is_not_forgotten(hint: Callable[..., Hint]) -> None:
    """Some entries lack it."""
    merged = merge(hint(mount_accessor="kv_1"), hint(mount_accessor=None))

    assert isinstance(merged.data, wire.Change)
    assert merged.data.mount_accessor == "kv_1"


@pytest.mark.parametrize(
    ("old", "new", "since"),
    [(T1, T2, T1), (T2, T1, T1), (None, T1, None), (T1, None, None)],
)
def test_a_gap_reaches_back_to_the_earliest(
    old: str | None, new: str | None, since: str | None
) -> None:
    """Not knowing since when is the earliest of all."""
    merged = merge(
        Hint(wire.Gap(reason="connection", since=old), "a", None),
        Hint(wire.Gap(reason="connection", since=new), "b", None),
    )

    assert merged == Hint(wire.Gap(reason="connection", since=since), "b", None)


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_order_of_arrival_does_not_choose_the_version(moments: list[int]) -> None:
    """Whatever the order, the greatest time survives."""
    times = [f"2026-11-23T10:00:00.{moment:07}Z" for moment in moments]
    hints = [
        Hint(wire.Change(mount="kv/", path="a", created_time=time), time, time)
        for time in times
    ]
    merged = hints[0]
    for one in hints[1:]:
        merged = merge(merged, one)

    assert isinstance(merged.data, wire.Change)
    assert merged.data.created_time == max(times)
    assert merged.id == times[-1]


def test_a_key_is_json_and_so_never_ambiguous() -> None:
    """A quote or a NUL in a name stays inside its place."""
    key = key_of(wire.Change(mount='k"v/', path="a\0b", namespace="n/"))

    assert msgspec.json.decode(key) == [wire.CHANGED, "n/", 'k"v/', "a\0b"]
