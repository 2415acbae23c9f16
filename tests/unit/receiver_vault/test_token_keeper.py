"""Whoever looks after the token goes on, whatever becomes of those it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from receiver.adapters.vault_http import Answer
from receiver.adapters.vault_token import TokenFile, TokenKeeper
from receiver.core.causes import Cause, Temporary
from receiver.ports import QueueUnavailable
from vault_audit_forwarder.program.secret_files import SecretFile

WELL = Answer(200, '{"data": {"ttl": 60, "period": 60, "renewable": false}}')


class Vault:
    """Answers, or is away."""

    def __init__(self) -> None:
        self.is_away = False

    def get(self, operation: str, namespace: str, path: str) -> Answer:
        if self.is_away:
            raise Temporary(Cause.VAULT_UNREACHABLE, "away")
        return WELL


class Told:
    """``recovered`` fails while the disk is full."""

    def __init__(self) -> None:
        self.disk_is_full = False
        self.times = 0

    def recovered(self) -> None:
        if self.disk_is_full:
            raise QueueUnavailable("the disk is full")
        self.times += 1


class AtTheEnd(Vault):
    """The token is due, and Vault renews it no more."""

    def get(self, operation: str, namespace: str, path: str) -> Answer:
        return Answer(
            200, '{"data": {"ttl": 1, "creation_ttl": 60, "renewable": true}}'
        )

    def post(self, operation: str, namespace: str, path: str) -> Answer:
        raise Temporary(Cause.VAULT_UNREACHABLE, "renew-self: Vault answered 500")


class Replaced(TokenFile):
    """Whether there is a way to another token, and how often it was taken."""

    def __init__(self, has_way: bool) -> None:
        super().__init__(SecretFile(Path("unused")))
        self.has_way, self.times = has_way, 0

    def replace(self) -> bool:
        self.times += 1
        return self.has_way


def keeper_of(
    vault: Any, told: Told, credential: TokenFile | None = None
) -> TokenKeeper:
    return TokenKeeper(
        vault,
        credential or TokenFile(SecretFile(Path("unused"))),
        namespace="",
        now=lambda: 0.0,
        on_expiry=lambda _: None,
        on_recovery=told.recovered,
    )


def test_a_recovery_is_told_once() -> None:
    """When Vault takes the token again, and not at the first look."""
    vault, told = Vault(), Told()
    keeper = keeper_of(vault, told)

    keeper.attend()
    vault.is_away = True
    keeper.attend()
    assert keeper.trouble is not None
    vault.is_away = False
    keeper.attend()
    keeper.attend()

    assert told.times == 1
    assert keeper.trouble is None


def test_a_recovery_that_nobody_could_hear_is_told_again() -> None:
    """What waits for it would wait for the next scheduled comparison otherwise."""
    vault, told = Vault(), Told()
    keeper = keeper_of(vault, told)
    vault.is_away = told.disk_is_full = True
    keeper.attend()
    vault.is_away = False

    with pytest.raises(QueueUnavailable):
        keeper.attend()
    told.disk_is_full = False
    keeper.attend()

    assert told.times == 1


def test_a_token_that_is_renewed_no_more_is_replaced() -> None:
    """Where there is a way to another; else the refusal is told."""
    logs_in, cannot = Replaced(has_way=True), Replaced(has_way=False)

    assert keeper_of(AtTheEnd(), Told(), logs_in).look().ttl == 1
    with pytest.raises(Temporary, match="renew-self"):
        keeper_of(AtTheEnd(), Told(), cannot).look()

    assert (logs_in.times, cannot.times) == (1, 1)
