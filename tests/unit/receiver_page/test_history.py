"""What happened to one secret, as far as it was written down."""

from __future__ import annotations

import pytest

from receiver.core.state import Entry, SecretRef, State
from receiver.places import Survey
from receiver.ports import Deed
from receiver.web.page.links import Links
from receiver.web.page.secret import Known, SecretView, is_about, view

REF = SecretRef("team", "kv", "app/db")
NOW = 2_000_000.0


def deed(about: str) -> Deed:
    return Deed(at=NOW - 5, by="oncall", what="retry", about=about)


@pytest.mark.parametrize(
    ("about", "named"),
    [
        ('{"namespace":"team","mount":"kv","path":"app/db"}', True),
        ('{"namespace":"team","path":"kv/app/db"}', True),
        ('{"namespace":"/team/","mount":"kv/","path":"app/db"}', True),
        ('{"namespace":"team","path":"kv/data/app/db"}', True),
        ('{"mount":"kv","path":"app/db"}', False),
        ('{"namespace":"team","mount":"kv","path":"app"}', False),
        ('{"all":true}', False),
        ('{"path":7}', False),
        ("[]", False),
    ],
)
def test_orders_about_it(about: str, named: bool) -> None:
    """However people wrote its name; what was about many is not about it."""
    assert is_about(deed(about), REF) is named


def shown(known: Known, **more: object) -> SecretView:
    given: dict[str, object] = {
        "ref": REF,
        "rule": "hybrid",
        "region": "eu-central-1",
        "name": "kv/app/db",
        "state": State.IN_SYNC,
        "arn": "arn:x",
    }
    entry = Entry(**(given | more))  # type: ignore[arg-type]  # the fields of an entry
    return view(REF, Survey((), (entry,)), known, links=Links(), now=NOW)


def test_the_newest_first_and_each_once() -> None:
    """The version that is current is among the day's versions, and is told once."""
    known = Known(
        failing=None,
        made={"hybrid": [NOW - 100, NOW - 40]},
        deeds=[deed('{"namespace":"team","path":"kv/app/db"}')],
    )
    found = shown(
        known, applied_at=NOW - 40, version=7, lag=0.2, state_since=NOW - 90
    ).history

    assert [each.says for each in found] == [
        "retry, ordered by oncall",
        "wrote v7 to AWS, 0.2 s after Vault",
        "became in sync",
        "wrote a version to AWS",
    ]


def test_an_old_detail_is_not_told_of_a_new_failure() -> None:
    """While it waits, the cause is that of its last failure; the entry's is older."""
    known = Known(failing="VAULT_SEALED", made={}, deeds=[])
    entry = {"state": State.PARKED, "cause": "KMS_DENIED", "detail": "the old one"}
    (place,) = shown(known, **entry).places

    assert (place.mark, place.cause, place.detail) == ("pending", "VAULT_SEALED", "")
    assert place.remedy is not None
    assert place.remedy.do == "unseal Vault"


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_next_step(state: State) -> None:
    """Nobody is left with a state alone."""
    (place,) = shown(Known(failing=None, made={}, deeds=[]), state=state).places

    assert place.following
    assert place.says
