"""The table of causes, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES
from receiver.core.runbook import causes_page

_PAGE = Path(__file__).parents[3] / "docs" / "causes.md"
_WORDS = {"secret": "kv/a", "place": "kv/a", "folder": "kv/", "rule": "hybrid"}


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_its_row(cause: Cause) -> None:
    """Said in full, by whoever must act, with commands that can be filled in."""
    remedy = REMEDIES[cause]

    assert all([remedy.who, remedy.do, remedy.says, remedy.why])
    for command in (remedy.command, remedy.then):
        assert "{" not in command.format(**_WORDS)
    assert not remedy.says.endswith(".")


def test_the_page_is_made_from_the_table() -> None:
    """docs/causes.md is what causes_page() says; write it anew when this fails."""
    assert _PAGE.read_text() == causes_page()


def test_each_cause_has_its_anchor() -> None:
    """Where explain and the alerts link to."""
    headings = [line[3:] for line in causes_page().splitlines() if line[:3] == "## "]

    assert headings == sorted(Cause)
