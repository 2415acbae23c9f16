"""Whom a set-up can be made for, and what is not taken for an answer."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.setup.answers import refusal
from receiver.setup.reading import devices, server
from tests.unit.setup.answering import Answer, Vault
from vault_audit_forwarder.program.errors import CommandError


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, None, "is no Vault"),
        (200, ["a list"], "is no Vault"),
        (200, {"sealed": True, "initialized": False}, "not initialized"),
        (200, {"sealed": True, "initialized": True}, "Vault is sealed"),
    ],
)
def test_what_cannot_be_set_up(status: int, body: Any, said: str) -> None:
    """Is told before the token is tried."""
    vault = Vault([Answer(status, body)])

    with pytest.raises(CommandError, match=said):
        server(vault)
    assert [path for _, path, _ in vault.asked] == ["sys/seal-status"]


def test_devices_that_vault_does_not_tell_are_not_none() -> None:
    """A Vault that others run answers so: it has some, or not."""
    refused = Answer(404, {"errors": ["unsupported path"]})

    assert devices(Vault([refused])) is None
    assert devices(Vault([Answer(200, {"data": {}})])) == []


def test_what_vault_says_moves_no_cursor() -> None:
    """It goes to a terminal."""
    said = refusal(Answer(400, {"errors": ["no\x1b[2J", "nor"]}))

    assert said == "Vault answered 400: no\\x1b[2J; nor"
