"""The table of causes, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from receiver.core.causes import Cause
from receiver.core.remedies import REMEDIES, commands
from receiver.core.runbook import causes_page
from receiver.core.state import SecretRef

_PAGE = Path(__file__).parents[3] / "docs" / "causes.md"
_REF = SecretRef("", "kv", "app/db")


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_its_row(cause: Cause) -> None:
    """Said in full, by whoever must act, with commands that can be filled in."""
    remedy = REMEDIES[cause]

    assert all([remedy.who, remedy.do, remedy.says, remedy.why])
    for command in commands(remedy, _REF, "hybrid"):
        assert "{" not in command
    assert not remedy.says.endswith(".")


def test_the_page_is_made_from_the_table() -> None:
    """docs/causes.md is what causes_page() says; write it anew when this fails."""
    assert _PAGE.read_text() == causes_page()


def test_each_cause_has_its_anchor() -> None:
    """Where explain and the alerts link to."""
    headings = [line[3:] for line in causes_page().splitlines() if line[:3] == "## "]

    assert headings == sorted(Cause)


def test_commands_can_be_pasted() -> None:
    """What a shell would understand is quoted; the namespace goes along, to each tool
    in its own way."""
    odd = SecretRef("team one", "kv", "app/$(x)")
    adopt, _ = commands(REMEDIES[Cause.CONFLICT_FOREIGN], odd, "hybrid")
    look, _ = commands(REMEDIES[Cause.NOT_IN_VAULT], odd, None)

    assert adopt == "vault-replicator adopt 'kv/app/$(x)' --namespace 'team one'"
    assert look == "vault kv list -namespace='team one' kv/app/"
