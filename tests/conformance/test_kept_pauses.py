"""Pauses that outlive the process, for every implementation."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from receiver.adapters.pauses_sqlite import SqlitePauses
from receiver.adapters.state_file import StateFile, open_state
from receiver.core.pause import Pause
from receiver.core.state import SecretRef
from receiver.durable import SCHEMAS
from receiver.pauses import KeptPauses
from tests.fake_pauses import FakeKeptPauses


@pytest.fixture(params=["fake", "sqlite"])
def kept(request: pytest.FixtureRequest) -> KeptPauses:
    if request.param == "fake":
        return FakeKeptPauses()
    state: StateFile = request.getfixturevalue("state")
    return SqlitePauses(state)


REF = SecretRef("team/ä", "kv", "app/db")


def pause(
    rule: str | None,
    reason: str = "ä key's rotation",
    *,
    ref: SecretRef | None = None,
) -> Pause:
    return Pause(
        rule=rule, ref=ref, reason=reason, by="oncall", since=100.5, until=200.25
    )


def test_comes_back(kept: KeptPauses) -> None:
    """As it was kept, that of all rules first."""
    kept.keep(pause("a"))
    kept.keep(pause(None))

    assert kept.all() == [pause(None), pause("a")]


def test_one_for_each_rule(kept: KeptPauses) -> None:
    """A new one takes the place of the old."""
    for rule in ("a", None):
        kept.keep(pause(rule, "old"))
        kept.keep(pause(rule, "new"))

    assert kept.all() == [pause(None, "new"), pause("a", "new")]


def test_dropped(kept: KeptPauses) -> None:
    """Only those that are named."""
    for rule in ("a", "b", None):
        kept.keep(pause(rule))
    kept.drop([("a", None), (None, None)])
    kept.drop([("never there", None), ("b", REF)])

    assert kept.all() == [pause("b")]


def test_of_one_secret(kept: KeptPauses) -> None:
    """Beside that of its rule; dropped alone."""
    others = [replace(REF, **{part: "a"}) for part in ("namespace", "mount", "path")]
    for ref in (None, REF, *others):
        kept.keep(pause("a", ref=ref))
    kept.keep(pause(None, ref=REF))
    kept.drop([("a", REF)])

    left = [(one.rule, one.ref) for one in kept.all()]
    assert len(left) == 5
    assert set(left) == {(None, REF), ("a", None), *(("a", ref) for ref in others)}


def test_in_the_file(tmp_path: Path) -> None:
    """The next process finds it."""
    path = tmp_path / "another.db"
    with closing(open_state(path, *SCHEMAS)) as state:
        SqlitePauses(state).keep(pause("a"))

    with closing(open_state(path, *SCHEMAS)) as state:
        assert SqlitePauses(state).all() == [pause("a")]
