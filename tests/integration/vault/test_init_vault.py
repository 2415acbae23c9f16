"""``init-vault`` on a real OpenBao: made once, found the second time, and tried.

Vault itself cannot be run here. What only Vault takes (the method ``aws``, audit
devices by a request) is tried as far as OpenBao goes along, in the files beside this.
"""

from __future__ import annotations

from receiver.demo.openbao import OpenBao
from receiver.demo.vault import Vault
from tests.integration.vault.site import (
    APPROLE,
    TOKEN,
    Site,
    changes_nothing,
    mount_of,
)


def test_a_dry_run_tells_each_request_and_sends_none(site: Site) -> None:
    """Method, path and body; what would be secret has no place in it yet."""
    site.configure({**APPROLE, "mount": mount_of(site)})
    before = site.state()
    dry = site.run("--dry-run", "--enable-mounts")
    told = site.run("--dry-run", "--enable-mounts", "--json").document

    assert (dry.code, site.state()) == (2, before)
    assert f"> POST sys/mounts/{site.mount} " in dry.out
    assert f"> POST sys/policies/acl/{site.policy} " in dry.out
    assert f'+path "{site.mount}/data/*" {{' in dry.out
    assert f'> POST sys/auth/{mount_of(site)} {{"type": "approle"}}' in dry.out
    assert "secret_id → " in dry.out
    assert "5 to create. Nothing was changed." in dry.out
    made = [call["method"] for step in told["steps"] for call in step["requests"]]
    assert made == ["POST", "POST", "POST", "POST", "GET", "POST"]
    assert told["proof"] == []


def test_mounts_are_made_when_asked_and_known_by_their_version(
    site: Site, root: Vault, mount_v1: str
) -> None:
    """One that is missing, one of KV v1, one that is no KV, one of no namespace."""
    site.configure(
        TOKEN,
        {"name": "new", "mount": site.mount},
        {"name": "old", "mount": mount_v1, "target": {"name": "old/{path}"}},
        {"name": "no-kv", "mount": "cubbyhole", "target": {"name": "no/{path}"}},
        {"name": "nowhere", "mount": "kv", "namespace": "nowhere"},
    )
    said = site.run("--yes", "--json")
    mounts = {
        one["name"]: (one["kind"], one["detail"])
        for one in said.document["steps"]
        if one["what"] == "mount"
    }

    assert said.code == 2
    assert mounts == {
        site.mount: ("needs_you", "does not exist: --enable-mounts makes it"),
        mount_v1: ("there", "KV v1"),
        "cubbyhole": (
            "needs_you",
            "is a cubbyhole engine: correct the rule's mount",
        ),
        "nowhere/kv": (
            "needs_you",
            "there is no namespace nowhere: create it, or correct the rule",
        ),
    }
    policy = site.admin("GET", f"sys/policies/acl/{site.policy}")["data"]["policy"]
    assert f'path "{mount_v1}/*" {{\n  capabilities = ["read", "list"]' in policy


def test_a_glob_covers_mounts_of_both_versions(
    site: Site, root: Vault, openbao: OpenBao
) -> None:
    """The policy reads what is there now, whichever KV it is."""
    for name, version in (("a", 1), ("b", 2)):
        root.enable_kv(f"{site.policy}/{name}", version=version)
    root.put_v1(f"{site.policy}/a", "k", {"k": "v"})
    root.put(f"{site.policy}/b", "k", {"k": "v"})
    site.configure(TOKEN, {"name": "r", "mount": f"{site.policy}/*"})
    made = site.set_up()

    assert made.code == 0
    read = [name for name in made.proof if name.endswith(": read")]
    assert read == [f"rule r, {site.policy}/{name}: read" for name in "ab"]
    assert {made.proof[name] for name in read} == {"ok"}
    changes_nothing(site)


def test_a_token_that_lives_in_a_namespace(site: Site, root: Vault) -> None:
    """Policy, method and role are made there, with an administrator of that namespace
    alone: what it cannot be asked is a note."""
    home = f"home-{site.policy}"
    root.create_namespace(home)
    inside = Vault(site.address, site.token, namespace=home)
    inside.create_policy(
        "admin",
        'path "*" { capabilities = ["sudo", "create", '
        '"read", "update", "delete", "list", "patch"] }',
    )
    token = inside.create_token("admin")
    inside.close()
    rule = {"name": "r", "mount": "kv", "namespace": home}
    site.configure(APPROLE, rule, namespace=home)
    words = ("--yes", "--json", "--enable-mounts")
    made = site.run(*words, token=token)
    again = site.run(*words, token=token)

    assert (made.code, made.work) == (0, 5), made
    assert set(made.proof.values()) == {"ok"}
    assert "sys/audit" in made.document["steps"][-1]["detail"]
    assert (again.code, again.work) == (0, 0)


def test_a_rule_in_a_namespace_below(site: Site, root: Vault) -> None:
    """Read by a token that lives in the root."""
    root.create_namespace(f"team-{site.policy}")
    rule = {"name": "r", "mount": "kv", "namespace": f"team-{site.policy}"}
    site.configure(TOKEN, {**rule, "exclude": ["tmp/*"]})
    made = site.set_up()

    assert (made.code, made.work) == (0, 3), made
    assert len(made.proof) == 6
    changes_nothing(site)


def test_a_changed_rule_changes_the_policy(site: Site) -> None:
    """What differs is shown before, and nothing else is touched."""
    site.configure(TOKEN)
    site.set_up()
    token = site.secret("token")
    rule = {"name": "r", "mount": site.mount, "exclude": ["tmp/**"]}
    site.configure(TOKEN, rule)
    dry = site.run("--dry-run")
    changed = site.set_up()

    assert dry.code == 2
    assert f'+path "{site.mount}/data/tmp/*" {{' in dry.out
    assert "1 to change. Nothing was changed." in dry.out
    assert (changed.code, changed.work) == (0, 1)
    assert changed.proof[f"rule r, {site.mount}: excluded tmp/**"] == "ok"
    assert site.secret("token") == token


def test_the_sample(site: Site, root: Vault) -> None:
    """Three secrets, one of which says so itself that it stays; and another engine.
    Nobody is told a value."""
    site.configure(TOKEN)
    made = site.run("--yes", "--json", "--demo")
    samples = [x for x in made.document["steps"] if x["what"] == "sample"]
    values = [
        root.read(site.mount, f"demo-{name}")["data"]["password"]
        for name in ("database", "api", "private")
    ]

    assert made.code == 0
    assert [one["detail"] for one in samples[1:]] == [
        "replicated",
        "replicated",
        "not replicated: its owner says replicate=false",
    ]
    assert len(set(values)) == 3
    assert not any(value in made.out for value in values)
    assert made.document["steps"][-1]["requests"][1]["body"] == {
        "data": {"user": "demo", "password": "(random)"}
    }
    whole = root.read(site.mount, "demo-private")
    assert whole["metadata"]["custom_metadata"] == {"replicate": "false"}
    assert whole["metadata"]["version"] == 1
    site.canaries.update(values)
    changes_nothing(site, "--demo")


def test_a_policy_that_is_too_wide_is_found_out(site: Site, root: Vault) -> None:
    """The token has another one besides: it may write, and read elsewhere."""
    wide = f"{site.policy}-wide"
    root.create_policy(wide, 'path "*" { capabilities = ["read", "create", "list"] }')
    root.enable_kv(f"else-{site.policy}")
    site.configure(TOKEN)
    site.set_up()
    both = {"policies": [site.policy, wide], "no_parent": True}
    token = site.admin("POST", "auth/token/create", **both)["auth"]["client_token"]
    (site.directory / "token").write_text(token)
    said = site.set_up()

    assert said.code == 2
    assert said.proof == {
        "login": "warning",
        f"rule r, {site.mount}: list": "ok",
        f"rule r, {site.mount}: read": "ok",
        f"rule r, {site.mount}: write": "failed",
        "another mount": "failed",
    }
    assert site.admin("GET", f"sys/mounts/{site.mount}")


def test_what_vaults_policies_cannot_say_is_a_warning(site: Site, root: Vault) -> None:
    """A glob that becomes a wider one there: somebody should know, and may live with
    it."""
    root.enable_kv(f"{site.policy}-a")
    root.enable_kv(f"else-{site.policy}")
    rule = {"name": "r", "mount": f"{site.policy}-*", "exclude": ["*-old"]}
    site.configure(TOKEN, rule)
    said = site.set_up()

    assert (said.code, said.proof) == (
        0,
        {
            "login": "ok",
            f"rule r, {site.policy}-a: list": "ok",
            f"rule r, {site.policy}-a: read": "ok",
            f"rule r, {site.policy}-a: write": "ok",
            f"rule r, {site.policy}-a: excluded *-old": "warning",
            "another mount": "warning",
        },
    )
