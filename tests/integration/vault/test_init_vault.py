"""``init-vault`` on a real OpenBao: made once, found the second time, and tried.

Vault itself cannot be run here. What only Vault takes (the method ``aws``, audit
devices by a request) is tried as far as OpenBao goes along.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver.demo.child import free_port
from receiver.demo.emulator import ENVIRONMENT
from receiver.demo.openbao import OpenBao
from receiver.demo.vault import Vault
from tests.certificates import issue
from tests.integration.vault.platforms import Cluster, Issuer, TlsOpenBao
from tests.integration.vault.site import Site
from tests.strict_aws.account import Account

pytest_plugins = ["tests.strict_aws.fixtures"]

TOKEN = {"method": "token", "token_file": "token"}
APPROLE = {
    "method": "approle",
    "role_id_file": "role_id",
    "secret_id_file": "secret_id",
}


def mount_of(site: Site) -> str:
    """An auth mount of this site's own."""
    return f"team/auth-{site.policy}"


def changes_nothing(site: Site, *argv: object) -> None:
    """The second run, and a dry one, find all there."""
    before = site.state()
    again = site.set_up(*argv)
    dry = site.run("--dry-run", "--json", "--enable-mounts", *argv)

    assert (again.code, again.work) == (0, 0), again
    assert (dry.code, dry.work) == (0, 0), dry
    assert set(again.kinds.values()) <= {"there", "note"}
    assert set(again.proof.values()) == {"ok"}
    assert site.state() == before


@pytest.fixture
def site(
    openbao: OpenBao,
    admin: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    return Site(
        tmp_path, openbao.address, openbao.root_token, admin, capsys, monkeypatch
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


def test_approle(site: Site) -> None:
    """Its files are made, and renewed only when the role does not know them."""
    site.configure({**APPROLE, "mount": mount_of(site)})
    made = site.set_up()
    role_id, secret_id = (site.secret(name) for name in ("role_id", "secret_id"))

    assert (made.code, made.work) == (0, 5)
    assert set(made.proof.values()) == {"ok"}
    changes_nothing(site)

    (site.directory / "secret_id").write_text("CANARY\n")
    site.canaries.add("CANARY")
    renewed = site.set_up()
    assert (renewed.code, renewed.work) == (0, 1)
    assert site.secret("role_id") == role_id
    assert site.secret("secret_id") != secret_id

    (site.directory / "role_id").write_text("CANARY\n")
    assert site.set_up().work == 1
    assert site.secret("role_id") == role_id


def test_a_network_is_bound_and_then_left_alone(site: Site) -> None:
    """It comes back from Vault in other words. What a later run does not say stays."""
    site.configure({**APPROLE, "mount": mount_of(site)})
    networks = ("--cidr", "127.0.0.1/32", "--cidr", "10.0.0.0/8")

    assert site.set_up(*networks).code == 0
    changes_nothing(site, *networks)
    changes_nothing(site, *networks[2:], *networks[:2])
    changes_nothing(site)
    other = site.set_up("--cidr", "127.0.0.0/8")
    assert (other.code, other.kinds["role"]) == (0, "change")
    role = f"auth/{mount_of(site)}/role/vault-replicator"
    bound = site.admin("GET", role)["data"]["token_bound_cidrs"]
    assert bound == ["127.0.0.0/8"]


def test_token(site: Site) -> None:
    """An orphan that lives as long as it is renewed, with that policy alone; one that
    has ended is replaced."""
    site.configure(TOKEN)
    made = site.set_up("--period", "2h")
    token = site.secret("token")
    look = site.admin("POST", "auth/token/lookup", token=token)["data"]

    assert (made.code, made.work) == (0, 3)
    assert (look["policies"], look["orphan"]) == ([site.policy], True)
    assert look["period"] == 7200
    changes_nothing(site)
    site.admin("POST", "auth/token/revoke", token=token)
    assert site.set_up().kinds["credential"] == "create"
    assert site.secret("token") != token
    changes_nothing(site)


def test_a_token_of_another_policy_is_not_taken_for_ours(site: Site) -> None:
    """Though Vault knows it: the old one lives on, it may be somebody's."""
    site.configure(TOKEN)
    other = site.admin("POST", "auth/token/create", policies=["default"])["auth"]
    (site.directory / "token").write_text(other["client_token"] + "\n")
    site.canaries.add(other["client_token"])
    made = site.set_up()
    (credential,) = [x for x in made.document["steps"] if x["what"] == "credential"]

    assert f"has not the policy {site.policy}" in credential["detail"]
    assert site.secret("token") != other["client_token"]
    changes_nothing(site)


def test_kubernetes(site: Site, cluster: Cluster) -> None:
    """Bound to one service account, and to the cluster that Vault asks."""
    auth = {"method": "kubernetes", "role": "r", "jwt_file": "jwt"}
    site.configure({**auth, "mount": mount_of(site)})
    (site.directory / "jwt").write_text(cluster.token)
    site.canaries.add(cluster.token)
    authority, _ = issue(site.directory, "cluster")
    account = ("--service-account", "replicator")
    bound = (*account, "--service-account-namespace", "vault")
    where = ("--kubernetes-host", cluster.address, "--kubernetes-ca", authority)

    short = site.set_up(*account)
    assert short.code == 1
    assert "kubernetes also needs --service-account-namespace" in short.err
    without = site.set_up(*bound)
    assert (without.code, without.kinds["config"]) == (2, "needs_you")
    assert site.set_up(*bound, *where).code == 0
    changes_nothing(site, *bound, *where)
    changes_nothing(site, *bound)
    other = site.set_up("--service-account", "else", *bound[2:])
    assert (other.code, other.proof) == (2, {"login": "failed"})


def test_jwt(site: Site) -> None:
    """Bound to an audience and a subject, by the issuer's key."""
    issuer = Issuer()
    auth = {"method": "jwt", "role": "r", "jwt_file": "jwt"}
    site.configure({**auth, "mount": mount_of(site)})
    (site.directory / "key.pem").write_text(issuer.public)
    trusts = ("--jwt-key", site.directory / "key.pem", "--issuer", "platform")
    bound = ("--audience", "vault", "--subject", "us", "--claim", "env=prod")
    token = issuer.token(sub="us", aud="vault", env="prod")
    site.canaries.add(token)

    not_here = site.set_up(*bound, *trusts)
    assert (not_here.code, not_here.proof) == (0, {"login": "not verified"})
    (site.directory / "jwt").write_text(token)
    changes_nothing(site, *bound, *trusts)
    changes_nothing(site, *bound)
    stranger = issuer.token(sub="them", aud="vault", env="prod")
    (site.directory / "jwt").write_text(stranger)
    assert site.set_up(*bound).proof == {"login": "failed"}


def test_an_issuer_that_was_given_takes_the_place_of_another(site: Site) -> None:
    """The difference is shown; without the option it is left alone."""
    auth = {"method": "jwt", "role": "r", "jwt_file": "jwt", "mount": mount_of(site)}
    site.configure(auth)
    first, second = (site.directory / name for name in ("first.pem", "second.pem"))
    for file in (first, second):
        file.write_text(Issuer().public)
    bound = ("--audience", "vault", "--subject", "us")
    site.set_up(*bound, "--jwt-key", first)

    changed = site.set_up(*bound, "--jwt-key", second)
    (config,) = [x for x in changed.document["steps"] if x["what"] == "config"]

    assert (config["kind"], config["detail"]) == (
        "change",
        "differs in jwt_validation_pubkeys",
    )


def test_cert(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The role knows the certificate itself; a renewed one is a change. And a Vault
    that is sealed afterwards is told of."""
    certificate, key = issue(tmp_path, "vault")
    vault = TlsOpenBao(tmp_path, certificate, key)
    vault.start()
    headers = {"X-Vault-Token": vault.root_token}
    base = f"{vault.address}/v1/"
    try:
        with httpx.Client(base_url=base, headers=headers, trust_env=False) as http:
            site = Site(
                tmp_path,
                vault.tls_address,
                vault.root_token,
                lambda method, path: http.request(method, path).json(),
                capsys,
                monkeypatch,
            )
            auth = {"method": "cert", "role": "r", "cert_file": "us.pem"}
            issue(tmp_path, "us")
            site.configure({**auth, "key_file": "us.key"}, ca_file=str(certificate))
            assert site.set_up().code == 0
            changes_nothing(site)
            issue(tmp_path, "us")
            assert site.set_up().kinds["role"] == "change"
            changes_nothing(site)

            http.post("sys/seal").raise_for_status()
            sealed = site.set_up()
            assert (sealed.code, sealed.out) == (1, "")
            assert "Vault is sealed" in sealed.err
    finally:
        vault.stop()


@pytest.fixture
def in_aws(
    site: Site, strict: Account, layer: str, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """Its connection secret is in the strict AWS."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    site.aws = layer
    return site


def connection(site: Site, strict: Account, name: str) -> dict[str, str]:
    """What the connection secret holds, which no run may say from now on."""
    text = strict.secrets.get_secret_value(SecretId=name)["SecretString"]
    held: dict[str, str] = json.loads(text)
    site.canaries.add(held["vaultToken"])
    return held


def test_secrets_manager(in_aws: Site, strict: Account) -> None:
    """A new secret by the key that was named, then new versions of it, when there is
    a placeholder in it or a token that has ended."""
    site, name, key = in_aws, strict.name(), strict.new_key()
    site.configure({"method": "secrets_manager", "secret_id": name})

    made = site.set_up("--kms-key", key)
    first = connection(site, strict, name)
    assert (made.code, set(made.proof.values())) == (0, {"ok"})
    assert first["vaultAddress"] == site.address
    assert strict.secrets.describe_secret(SecretId=name)["KmsKeyId"] == key
    changes_nothing(site)

    for text in ("a placeholder", json.dumps({"vaultAddress": "", "vaultToken": "x"})):
        strict.put(name, text)
        assert site.set_up().kinds["credential"] == "create"
        assert connection(site, strict, name)["vaultToken"] != first["vaultToken"]
    changes_nothing(site)


def test_another_vaults_connection_secret_is_left_alone(
    in_aws: Site, strict: Account
) -> None:
    """Somebody else's receiver lives by it."""
    site, (name, _) = in_aws, strict.create()
    held = json.dumps({"vaultAddress": "https://other:8200", "vaultToken": "CANARY"})
    site.canaries.add("CANARY")
    strict.put(name, held)
    site.configure({"method": "secrets_manager", "secret_id": name})
    said = site.set_up()

    assert (said.code, said.kinds["credential"]) == (2, "needs_you")
    assert strict.secrets.get_secret_value(SecretId=name)["SecretString"] == held


def test_a_token_without_a_place_is_revoked(in_aws: Site, strict: Account) -> None:
    """AWS refuses the key: the command fails, and leaves no token behind."""
    site, name, key = in_aws, strict.name(), strict.new_key()
    site.configure({"method": "secrets_manager", "secret_id": name})
    strict.disable(key)
    before = accessors(site)
    said = site.set_up("--kms-key", key)

    assert (said.code, said.out) == (1, "")
    assert "the connection secret: " in said.err
    assert "2 of 3 steps were done" in said.err
    assert accessors(site) == before


def accessors(site: Site) -> set[str]:
    """Of all tokens that live."""
    return set(site.admin("GET", "auth/token/accessors?list=true")["data"]["keys"])


def test_the_connection_secret_is_not_where_secrets_go(in_aws: Site) -> None:
    """There the receiver's own policy lets it read nothing."""
    target = {"name": "hybrid/{path}"}
    rule = {"name": "hybrid", "mount": in_aws.mount, "target": target}
    for name in (
        "hybrid/vault-connection",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hybrid/vault-AbCdEf",
    ):
        in_aws.configure({"method": "secrets_manager", "secret_id": name}, rule)
        said = in_aws.set_up()

        assert said.code == 1
        assert f"{name}: a rule gives this name to what it replicates" in said.err


def test_aws_is_a_plugin_on_openbao(site: Site) -> None:
    """Which is said; the rest is done."""
    auth = {"method": "aws", "role": "r", "region": "eu-central-1"}
    site.configure({**auth, "mount": mount_of(site)})
    said = site.run(
        "--principal", "arn:aws:iam::1:role/r", "--dry-run", "--enable-mounts"
    )

    assert said.code == 2
    assert "OpenBao has the method aws only as a plugin" in said.out
    assert f"sys/auth/{mount_of(site)}" not in said.out


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


def test_openbao_takes_audit_devices_from_its_configuration(site: Site) -> None:
    """The stanza is shown, or written; a request for it is refused, and that is told.
    It stays something that somebody must do."""
    site.configure(TOKEN)
    site.set_up()
    stanza = site.directory / "audit.hcl"
    where = ("--audit-socket", f"127.0.0.1:{free_port()}")
    written = site.set_up(*where, "--audit-stanza", stanza)
    again = site.set_up(*where, "--audit-stanza", stanza)

    assert (written.code, written.kinds["stanza"]) == (2, "create")
    assert (again.code, again.kinds["stanza"]) == (2, "there")
    assert stanza.read_text().startswith('audit "socket" "replicator" {')
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listens = ("--audit-socket", f"127.0.0.1:{listener.getsockname()[1]}")
        site.set_up(*listens)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):  # each look is a gap for a forwarder
            listener.accept()
        tried = site.set_up("--enable-audit", *listens)
    told = tried.document["steps"][-1]
    assert (tried.code, told["kind"]) == (2, "needs_you")
    assert told["detail"].startswith("OpenBao takes none by a request; in OpenBao's")


class OpenToAudit(OpenBao):
    """Takes audit devices by a request, as Vault does; has none at its start."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, audit_addresses=[])
        self._config = "unsafe_allow_api_audit_creation = true\n"


@pytest.fixture
def open_to_audit(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    vault = OpenToAudit(tmp_path)
    vault.start()
    headers = {"X-Vault-Token": vault.root_token}
    base = f"{vault.address}/v1/"
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as http:

        def admin(method: str, path: str) -> Any:
            return http.request(method, path).raise_for_status().json()

        yield Site(
            tmp_path, vault.address, vault.root_token, admin, capsys, monkeypatch
        )
    vault.stop()


def test_audit_devices_by_a_request(open_to_audit: Site) -> None:
    """Never a socket alone, and never one where nobody listens; a file first."""
    site = open_to_audit
    site.configure(TOKEN)
    site.set_up()
    path = site.directory / "audit.sock"
    socket_, file = ("--audit-socket", path), site.directory / "openbao-audit.log"

    def devices() -> list[str]:
        return sorted(site.admin("GET", "sys/audit")["data"])

    by_hand = site.set_up(*socket_)
    alone = site.set_up(*socket_, "--enable-audit")
    assert (by_hand.code, alone.code, devices()) == (2, 2, [])
    assert "no second audit device" in alone.out
    both = (*socket_, "--audit-file", file, "--enable-audit")
    deaf = site.set_up(*both)
    assert (deaf.code, devices()) == (2, ["file/"])
    assert "nothing listens there" in deaf.out
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        made = site.set_up(*both)
        assert (made.code, devices()) == (0, ["file/", "replicator/"])
        changes_nothing(site, *both)
        changes_nothing(site, *socket_)
    socket_device = site.admin("GET", "sys/audit")["data"]["replicator/"]
    assert socket_device["options"]["write_timeout"] == "1s"


def test_a_file_that_vault_cannot_open_stops_before_the_socket(
    open_to_audit: Site,
) -> None:
    """Vault's words are repeated."""
    site = open_to_audit
    site.configure(TOKEN)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        said = site.set_up(
            "--audit-socket", where, "--enable-audit", "--audit-file", os.devnull + "/x"
        )

    assert (said.code, said.out) == (1, "")
    assert "POST sys/audit/file: Vault answered 400" in said.err
    assert site.admin("GET", "sys/audit")["data"] == {}
