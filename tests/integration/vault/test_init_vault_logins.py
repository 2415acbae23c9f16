"""``init-vault`` for each way to log in, each run twice."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.certificates import issue
from tests.integration.vault.platforms import Cluster, Issuer, TlsOpenBao
from tests.integration.vault.site import (
    APPROLE,
    TOKEN,
    Site,
    changes_nothing,
    mount_of,
)


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
