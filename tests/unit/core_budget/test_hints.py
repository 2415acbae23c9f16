"""Vault's times compare, and hints merge into one that asks for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.hints import merge
from receiver.core.state import Hint, Lane, SecretRef
from receiver.core.times import later, nanoseconds
from vault_audit_forwarder import wire

DAY = "2026-11-23T"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01.000000002Z", 1_000_000_002),
        ("1970-01-01T01:00:01+01:00", 1_000_000_000),
        ("1970-01-01t00:00:00.5z", 500_000_000),
        ("1969-12-31T23:59:59.75Z", -250_000_000),
    ],
)
def test_nanoseconds(text: str, expected: int) -> None:
    """A time is exact to the nanosecond, in any zone, before 1970 too."""
    assert nanoseconds(text) == expected


@pytest.mark.parametrize("text", ["", "now", f"{DAY}10:00:00", f"{DAY}25:00:00Z", "٢"])
def test_what_is_no_time(text: str) -> None:
    """Everything else is a ValueError."""
    with pytest.raises(ValueError, match=r"RFC 3339|hour|isoformat"):
        nanoseconds(text)


@given(st.datetimes(), st.integers(0, 999_999_999), st.sampled_from(["Z", "+05:30"]))
def test_both_sides_read_times_alike(moment, nanos: int, zone: str) -> None:
    """The event's parser and the receiver's own give the same number."""
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{nanos:09}{zone}"

    assert nanoseconds(text) == wire.nanoseconds(text)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (f"{DAY}10:00:00.91Z", f"{DAY}10:00:00.9Z", True),
        (f"{DAY}10:00:00.9Z", f"{DAY}10:00:00.91Z", False),
        (f"{DAY}10:00:00Z", f"{DAY}10:00:00.0Z", False),
        (f"{DAY}10:00:00Z", None, True),
        (None, f"{DAY}10:00:00Z", False),
        (None, None, False),
    ],
)
def test_later(one: str | None, other: str | None, expected: bool) -> None:
    """Later is by value, not by text; what has no time is before all."""
    assert later(one, other) is expected


def hint(**more: object) -> Hint:
    return Hint(ref=SecretRef("", "kv", "a"), **more)


OLD, NEW = f"{DAY}10:00:00Z", f"{DAY}11:00:00Z"


@pytest.mark.parametrize(
    ("known", "new", "claim"),
    [
        ((1, OLD), (2, NEW), (2, NEW)),
        ((7, OLD), (1, NEW), (1, NEW)),
        ((1, NEW), (7, OLD), (1, NEW)),
        ((1, OLD), (7, None), (1, OLD)),
        ((7, None), (1, OLD), (1, OLD)),
        ((3, None), (2, None), (3, None)),
        ((None, None), (2, None), (2, None)),
    ],
)
def test_the_newest_claim_stays(known: tuple, new: tuple, claim: tuple) -> None:
    """The later created_time wins with its version; versions decide without times."""
    merged = merge(
        hint(version=known[0], created_time=known[1]),
        hint(version=new[0], created_time=new[1]),
    )

    assert (merged.version, merged.created_time) == claim


def test_all_that_both_ask_for() -> None:
    """The more urgent lane, the earlier time, the second look and doubt of either."""
    one = hint(lane=Lane.RECONCILE, not_before=5.0, look_twice=True)
    other = hint(lane=Lane.EVENT, not_before=7.0, doubt=True)
    expected = hint(lane=Lane.EVENT, not_before=5.0, look_twice=True, doubt=True)

    assert merge(one, other) == expected
    assert merge(other, one) == expected
