"""Version ids and seals: what decides them, and what they give away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.fingerprint import MAX_NONCE, Fingerprint, Subject
from receiver.core.state import Observed, SecretRef, Value

KEY = "k" * 32
PRINTS = Fingerprint([KEY])
VALUE = Value('{"a":1}', 7, "2026-11-23T10:00:00.1Z")
SUBJECT = Subject("vault-prod", SecretRef("ns", "kv", "a"), VALUE, "1 ", "eu x")


def test_a_version_id_is_what_aws_takes() -> None:
    """Readable version, then 52 lower-case base32 characters."""
    version_id = PRINTS.version_id(SUBJECT)

    assert version_id.startswith("v7-")
    assert len(version_id) == 55
    assert version_id == version_id.lower()


@pytest.mark.parametrize(
    "other",
    [
        replace(SUBJECT, source="vault-test"),
        replace(SUBJECT, ref=SecretRef("", "kv", "a")),
        replace(SUBJECT, ref=SecretRef("ns", "kv2", "a")),
        replace(SUBJECT, ref=SecretRef("ns", "kv", "b")),
        replace(SUBJECT, ref=SecretRef("ns", "k", "va")),
        replace(SUBJECT, value=replace(VALUE, version=8)),
        replace(SUBJECT, value=replace(VALUE, created_time="2026-11-23T10:00:00.10Z")),
        replace(SUBJECT, mapping="2 "),
        replace(SUBJECT, target="us x"),
    ],
)
def test_everything_that_decides_the_bytes_is_in_it(other: Subject) -> None:
    """Each part changes the id, and so does the key and the nonce."""
    assert PRINTS.version_id(other) != PRINTS.version_id(SUBJECT)


def test_key_and_nonce_change_it() -> None:
    """A repair and a new key give ids never seen."""
    others = {PRINTS.version_id(SUBJECT, nonce) for nonce in range(MAX_NONCE + 1)}
    others.add(Fingerprint(["x" * 32]).version_id(SUBJECT))

    assert len(others) == MAX_NONCE + 2


def test_without_versions_the_content_is_the_version() -> None:
    """KV v1: equal content gives the same id, also when it comes back."""
    one = replace(SUBJECT, value=Value('{"a":1}'))
    two = replace(SUBJECT, value=Value('{"a":2}'))

    assert PRINTS.version_id(one).startswith("c-")
    assert PRINTS.version_id(one) != PRINTS.version_id(two)


def test_with_versions_the_content_is_not_in_it() -> None:
    """A version id is visible to many; it tells nothing of the value."""
    other = replace(SUBJECT, value=replace(VALUE, body='{"a":2}'))

    assert PRINTS.version_id(other) == PRINTS.version_id(SUBJECT)


def test_all_keys_verify_and_only_the_first_signs() -> None:
    """Rotation: the old key goes last, and its ids still hold."""
    old = PRINTS.version_id(SUBJECT, 4)
    both = Fingerprint(["n" * 32, KEY])

    assert both.nonce_of(SUBJECT, old) == 4
    assert both.version_id(SUBJECT) != PRINTS.version_id(SUBJECT)
    assert Fingerprint(["n" * 32]).nonce_of(SUBJECT, old) is None


@given(st.text() | st.none())
def test_nothing_else_verifies(version_id: str | None) -> None:
    """Ids of others, of any shape."""
    assert PRINTS.nonce_of(SUBJECT, version_id) is None


def test_a_seal_holds_for_one_arn_and_one_secret() -> None:
    """And its text fits a tag."""
    seal = PRINTS.seal("arn-1", "vault-prod", SUBJECT.ref)
    observed = Observed("arn-1", {"vault-seal": seal}, {})

    assert len(seal) <= 256
    assert PRINTS.is_sealed(observed, "vault-prod", SUBJECT.ref)
    assert not PRINTS.is_sealed(
        replace(observed, arn="arn-2"), "vault-prod", SUBJECT.ref
    )
    assert not PRINTS.is_sealed(observed, "vault-test", SUBJECT.ref)
    assert not PRINTS.is_sealed(observed, "vault-prod", SecretRef("", "kv", "a"))
    assert not PRINTS.is_sealed(replace(observed, tags={}), "vault-prod", SUBJECT.ref)


def test_the_keys_have_no_repr() -> None:
    """A log of the object shows none of it."""
    assert KEY not in repr(PRINTS)


def test_a_key_that_is_named_twice_is_one() -> None:
    """As where a rotation has a place for the former key, and there is none."""
    assert not Fingerprint([KEY, KEY]).has_former_keys
    assert Fingerprint([KEY, "j" * 32, KEY]).has_former_keys
