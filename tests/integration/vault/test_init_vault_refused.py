"""What ``init-vault`` says when it may not, cannot, or must not."""

from __future__ import annotations

import pytest

from receiver.demo.child import free_port
from receiver.demo.vault import Vault
from tests.integration.vault.site import (
    APPROLE,
    TOKEN,
    Site,
    mount_of,
)


def test_all_missing_rights_are_told_at_once(site: Site, root: Vault) -> None:
    """Before anything is done."""
    root.create_policy(
        site.policy + "-admin", 'path "sys/mounts" { capabilities = ["read"] }'
    )
    weak = root.create_token(site.policy + "-admin")
    site.configure({**APPROLE, "mount": mount_of(site)})
    before = site.state()
    said = site.run("--yes", "--enable-mounts", token=weak)

    role = f"auth/{mount_of(site)}/role/vault-replicator"
    assert (said.code, said.out, site.state()) == (1, "", before)
    assert said.err.splitlines() == [
        "error: the admin token lacks rights in Vault:",
        f"  sys/policies/acl/{site.policy} (read)",
        "  sys/auth (read)",
        f"  {role} (read)",
        f"  {role}/secret-id/lookup (create, update)",
        f"  sys/mounts/{site.mount} (create, update)",
        f"  sys/policies/acl/{site.policy} (create, update)",
        f"  sys/auth/{mount_of(site)} (create, update, sudo)",
        f"  {role} (create, update)",
        f"  {role}/role-id (read)",
        f"  {role}/secret-id (create, update)",
    ]


def test_who_may_only_look_finds_that_all_is_there(site: Site, root: Vault) -> None:
    """Rights to write are needed by whoever has something to write."""
    site.configure(TOKEN)
    site.set_up()
    looks = {
        "sys/mounts": "read",
        f"sys/policies/acl/{site.policy}": "read",
        "auth/token/lookup": "update",
    }
    granted = "".join(
        f'path "{path}" {{ capabilities = ["{word}"] }}\n'
        for path, word in looks.items()
    )
    root.create_policy(site.policy + "-look", granted)
    token = root.create_token(site.policy + "-look")
    said = site.run("--json", token=token)
    assert (said.code, said.work) == (0, 0), said

    site.configure(TOKEN, {"name": "r", "mount": site.mount, "include": ["app/**"]})
    before = site.state()
    said = site.run("--yes", token=token)
    assert (said.code, site.state()) == (1, before)
    assert f"  sys/policies/acl/{site.policy} (create, update)\n" in said.err


@pytest.mark.parametrize(
    ("token", "what"),
    [("wrong", "Vault refuses the admin token"), ("two words", "what no token of")],
)
def test_a_wrong_admin_token_is_told(site: Site, token: str, what: str) -> None:
    """And not repeated."""
    site.configure(TOKEN)
    said = site.run("--yes", token=token)

    assert (said.code, said.out) == (1, "")
    assert what in said.err


def test_no_vault_there(site: Site) -> None:
    """Nothing listens, or something else does."""
    site.configure(TOKEN, address=f"http://127.0.0.1:{free_port()}")
    said = site.run("--yes")

    assert (said.code, said.out) == (1, "")
    assert "VAULT_UNREACHABLE" in said.err
    assert "  where  http://127.0.0.1:" in said.err


def test_a_token_that_may_not_ask_what_it_may(site: Site, root: Vault) -> None:
    """It comes to a refusal, which is the administrator's and not the receiver's."""
    granted = "".join(
        f'path "{path}" {{ capabilities = ["read"] }}\n'
        for path in ("auth/token/lookup-self", "sys/mounts")
    )
    root.create_policy(site.policy + "-blind", granted)
    body = {"policies": [site.policy + "-blind"], "no_default_policy": True}
    token = site.admin("POST", "auth/token/create", **body)["auth"]["client_token"]
    site.configure(TOKEN)
    said = site.run("--yes", token=token)

    assert (said.code, said.out) == (1, "")
    assert f"  where  GET sys/policies/acl/{site.policy}\n" in said.err
    assert "  do     Vault admin: use a token that has it" in said.err


def test_a_place_that_cannot_be_written_is_told_before(site: Site) -> None:
    """Nothing is made that would then have no place."""
    (site.directory / "file").write_text("")
    site.configure({**TOKEN, "token_file": "file/token"})
    before = site.state()
    said = site.run("--yes", "--enable-mounts")

    assert (said.code, said.out, site.state()) == (1, "", before)
    assert "this user cannot write to" in said.err


def test_nobody_is_asked_where_there_is_no_terminal(site: Site) -> None:
    """With something to do it takes --yes."""
    site.configure(TOKEN)
    before = site.state()
    said = site.run("--enable-mounts")
    site.monkeypatch.delenv("VAULT_TOKEN")

    assert (said.code, said.out, site.state()) == (1, "", before)
    assert "--yes is needed" in said.err
