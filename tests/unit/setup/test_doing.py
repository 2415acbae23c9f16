"""Carrying out: what Vault hands out has a place, or is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from receiver.setup.doing import Doing
from receiver.setup.steps import Call, Keep, Kind, Step, TextFile
from tests.unit.setup.answering import Answer, Vault
from vault_audit_forwarder.program.errors import CommandError


class NoPlace:
    def in_file(self, path: Path, text: str) -> None:
        raise CommandError(f"{path} cannot be written")

    def in_aws(self, secret_id: str, text: str, *, kms_key_id: str | None) -> None:
        raise CommandError("no")


def carry_out(
    vault: Vault, steps: Sequence[Step], waits: list[float] | None = None
) -> list[Step]:
    wait = (waits if waits is not None else []).append
    doing = Doing(vault, NoPlace(), address="https://vault:8200", wait=wait)
    return doing.carry_out(steps)


def step(*calls: Call, **more: Any) -> Step:
    given = {"kind": Kind.CREATE, "what": "thing", "name": "x", "detail": ""}
    return Step(**given | more, calls=calls)


def test_a_new_mount_is_waited_for() -> None:
    """Vault's KV v2 answers so for a moment."""
    told = {"errors": ["Upgrading from non-versioned to versioned data. This …"]}
    vault, waits = Vault([Answer(400, told), Answer(400, told)]), []
    carry_out(vault, [step(Call(method="POST", path="kv/data/x"))], waits)

    assert [path for _, path, _ in vault.asked] == ["kv/data/x"] * 3
    assert waits == [0.2, 0.2]


def test_not_for_ever() -> None:
    """Then it is an error, in Vault's words."""
    told = {"errors": ["Upgrading from non-versioned to versioned data"]}
    vault, waits = Vault([Answer(400, told)] * 100), []

    with pytest.raises(CommandError, match=r"kv/data/x: Vault answered 400: Upgr"):
        carry_out(vault, [step(Call(method="POST", path="kv/data/x"))], waits)
    assert sum(waits) == pytest.approx(10)


@pytest.mark.parametrize(
    ("path", "part", "answered", "taken_back"),
    [
        (
            "auth/token/create-orphan",
            ("auth", "client_token"),
            {"auth": {"client_token": "CANARY", "accessor": "a"}},
            ("POST", "ns/auth/token/revoke-accessor", {"accessor": "a"}),
        ),
        (
            "auth/approle/role/r/secret-id",
            ("data", "secret_id"),
            {"data": {"secret_id": "CANARY", "secret_id_accessor": "a"}},
            (
                "POST",
                "ns/auth/approle/role/r/secret-id-accessor/destroy",
                {"secret_id_accessor": "a"},
            ),
        ),
    ],
)
def test_what_cannot_be_kept_is_taken_back(
    path: str, part: tuple[str, str], answered: Any, taken_back: Any
) -> None:
    """And never told."""
    vault = Vault([Answer(204), Answer(200, answered)])
    keep = Keep(part, Path("/nowhere/token"))
    done = step(Call(method="POST", path="sys/auth/x"))
    fails = step(Call(method="POST", namespace="ns", path=path, keep=keep))

    with pytest.raises(CommandError, match="1 of 2 steps were done") as raised:
        carry_out(vault, [done, fails])

    assert vault.asked[-1] == taken_back
    assert "CANARY" not in str(raised.value)


def test_an_answer_without_the_secret_is_told() -> None:
    """Of a Vault that is none."""
    keep = Keep(("auth", "client_token"), Path("/nowhere"))
    call = Call(method="POST", path="auth/token/create-orphan", keep=keep)

    with pytest.raises(CommandError, match="has no client_token"):
        carry_out(Vault([Answer(200, {"auth": {}})]), [step(call)])


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its path."""
    file = TextFile(tmp_path / "no" / "stanza.hcl", "audit")

    with pytest.raises(CommandError, match=r"stanza\.hcl cannot be written"):
        carry_out(Vault(), [step(file=file)])
