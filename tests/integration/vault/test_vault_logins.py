"""Each way to log in, at a real OpenBao where it has one, and the token's life."""

from __future__ import annotations

import base64
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from receiver.adapters.aws_identity import SERVER_ID, AwsIdentity
from receiver.adapters.vault_credential import Credential, Lease
from receiver.adapters.vault_http import VaultHttp
from receiver.adapters.vault_login import Grant, Login
from receiver.adapters.vault_token import TokenKeeper
from receiver.core.causes import Cause, Permanent, Temporary
from receiver.demo.emulator import ENVIRONMENT, Emulator, SecretsReader
from receiver.demo.openbao import OpenBao
from receiver.settings import load_settings
from receiver.vault_access import open_vault
from tests.certificates import issue
from tests.integration.vault.platforms import Cluster, Issuer, TlsOpenBao

Open = Callable[..., tuple[VaultHttp, Credential]]


@pytest.fixture
def method(admin: Callable[..., Any]) -> Callable[[str], str]:
    """Enables an auth method at a mount of its own."""

    def enable(kind: str) -> str:
        mount = f"team/{kind}-{secrets.token_hex(4)}"
        admin("POST", f"sys/auth/{mount}", type=kind)
        return mount

    return enable


@pytest.fixture
def open_as(openbao: OpenBao, tmp_path: Path) -> Iterator[Open]:
    """The connection that a configuration with this ``vault.auth`` gives."""
    made: list[VaultHttp] = []

    def make(auth: dict[str, Any], **vault: Any) -> tuple[VaultHttp, Credential]:
        where = {"address": openbao.address, "source": "vault", "auth": auth, **vault}
        document = {
            "listen": "127.0.0.1:0",
            "vault": where,
            "aws": {
                "region": "eu-central-1",
                "endpoint_url": os.environ.get("TEST_AWS_ENDPOINT"),
            },
            "webhook": {"signing_key_files": ["unused"]},
            "fingerprint": {"key_files": ["unused"]},
            "rules": [{"name": "r", "mount": "kv"}],
            "queue": {"kind": "sqlite", "path": "state.db"},
        }
        config = tmp_path / "replicator.yaml"
        config.write_text(yaml.safe_dump(document))
        settings = load_settings(config, {})
        opened = open_vault(settings, connections=2, on_request=lambda *_: None)
        made.append(opened[0])
        return opened

    yield make
    for http in made:
        http.close()


def accessor_of(http: VaultHttp) -> str:
    """Of the token in use, as Vault knows it."""
    tree = http.get("lookup-self", "", "auth/token/lookup-self").json()
    assert isinstance(tree, dict)
    data = tree["data"]
    assert isinstance(data, dict)
    return str(data["accessor"])


def approle(
    admin: Callable[..., Any], mount: str, tmp_path: Path, **role: Any
) -> dict[str, Any]:
    """A role, and the ``vault.auth`` for it."""
    admin("POST", f"auth/{mount}/role/replicator", **{"token_ttl": "1h", **role})
    role_id = admin("GET", f"auth/{mount}/role/replicator/role-id")["data"]["role_id"]
    made = admin("POST", f"auth/{mount}/role/replicator/secret-id")["data"]
    files = {"role_id": role_id, "secret_id": made["secret_id"]}
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    names = {f"{name}_file": name for name in files}
    return {"method": "approle", "mount": mount, **names}


def test_approle(
    admin: Callable[..., Any],
    method: Callable[[str], str],
    open_as: Open,
    tmp_path: Path,
) -> None:
    """One login serves many requests."""
    http, _ = open_as(approle(admin, method("approle"), tmp_path))

    assert accessor_of(http) == accessor_of(http)


def test_a_revoked_token_is_replaced_by_a_new_login(
    admin: Callable[..., Any],
    method: Callable[[str], str],
    open_as: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within the very request that was refused."""
    monkeypatch.setattr("receiver.adapters.vault_login._YOUNG", 0.0)
    http, _ = open_as(approle(admin, method("approle"), tmp_path))
    first = accessor_of(http)

    admin("POST", "auth/token/revoke-accessor", accessor=first)

    assert accessor_of(http) != first


def test_a_failing_login_says_why_and_never_what_with(
    admin: Callable[..., Any],
    method: Callable[[str], str],
    open_as: Open,
    tmp_path: Path,
) -> None:
    """The mount, the status and the remedy's cause; neither role nor secret id."""
    auth = approle(admin, method("approle"), tmp_path)
    (tmp_path / "secret_id").write_text("CANARY-secret-id")
    http, _ = open_as(auth)

    with pytest.raises(Temporary) as raised:
        accessor_of(http)

    assert raised.value.cause == Cause.VAULT_LOGIN
    assert raised.value.detail == f"auth/{auth['mount']}/login: Vault answered 400"


def test_a_missing_file_is_named(open_as: Open, tmp_path: Path) -> None:
    """It may come later, so it is a reason to wait."""
    auth = {"method": "jwt", "role": "r", "jwt_file": "jwt"}
    http, _ = open_as(auth)

    with pytest.raises(Temporary, match=r"jwt: .*No such file") as raised:
        accessor_of(http)

    assert raised.value.cause == Cause.VAULT_LOGIN


def test_jwt_reads_the_file_at_each_login(
    admin: Callable[..., Any],
    method: Callable[[str], str],
    open_as: Open,
    tmp_path: Path,
) -> None:
    """The platform replaces it when it ends."""
    issuer, mount = Issuer(), method("jwt")
    admin(
        "POST",
        f"auth/{mount}/config",
        jwt_validation_pubkeys=[issuer.public],
        bound_issuer="platform",
    )
    bound = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"]}
    admin("POST", f"auth/{mount}/role/replicator", **bound)
    file = tmp_path / "jwt"
    file.write_text(issuer.token(sub="us", aud="vault"))
    auth = {"method": "jwt", "mount": mount, "role": "replicator", "jwt_file": "jwt"}
    http, credential = open_as(auth)
    first = accessor_of(http)

    file.write_text(issuer.token(sub="us again", aud="vault"))
    assert credential.replace()

    assert accessor_of(http) != first


def test_kubernetes(
    admin: Callable[..., Any],
    method: Callable[[str], str],
    open_as: Open,
    cluster: Cluster,
    tmp_path: Path,
) -> None:
    """With the token of the pod's service account."""
    mount = method("kubernetes")
    authority, _ = issue(tmp_path, "cluster")
    admin(
        "POST",
        f"auth/{mount}/config",
        kubernetes_host=cluster.address,
        kubernetes_ca_cert=authority.read_text(),
        token_reviewer_jwt=cluster.token,
        disable_local_ca_jwt=True,
    )
    admin(
        "POST",
        f"auth/{mount}/role/replicator",
        bound_service_account_names=["replicator"],
        bound_service_account_namespaces=["vault"],
    )
    (tmp_path / "jwt").write_text(cluster.token)
    auth = {"method": "kubernetes", "mount": mount, "role": "replicator"}

    http, _ = open_as({**auth, "jwt_file": "jwt"})

    assert accessor_of(http)


def test_cert_shows_its_certificate_to_vault(open_as: Open, tmp_path: Path) -> None:
    """Of a renewed pair of files the new one, at the next login."""
    certificate, key = issue(tmp_path, "vault")
    ours = {name: issue(tmp_path, name) for name in ("first", "second")}
    vault = TlsOpenBao(tmp_path, certificate, key)
    vault.start()
    try:
        headers = {"X-Vault-Token": vault.root_token}
        with httpx.Client(
            base_url=f"{vault.address}/v1/", headers=headers, trust_env=False
        ) as admin:
            admin.post("sys/auth/cert", json={"type": "cert"}).raise_for_status()
            for name, (pem, _) in ours.items():
                body = {"certificate": pem.read_text(), "allowed_common_names": name}
                admin.post(f"auth/cert/certs/{name}", json=body).raise_for_status()
        shown = tmp_path / "shown.pem", tmp_path / "shown.key"
        auth = {"method": "cert", "cert_file": "shown.pem", "key_file": "shown.key"}
        for name, files in ours.items():
            for source, to in zip(files, shown, strict=True):
                to.write_bytes(source.read_bytes())
            http, _ = open_as(
                {**auth, "role": name},
                address=vault.tls_address,
                ca_file=str(certificate),
            )
            assert accessor_of(http)
        with pytest.raises(Temporary, match="Vault answered 400"):
            accessor_of(
                open_as(
                    {**auth, "role": "first"},
                    address=vault.tls_address,
                    ca_file=str(certificate),
                )[0]
            )
    finally:
        vault.stop()


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsReader]:
    """An emulator, which is AWS for this process too."""
    emulator = Emulator(tmp_path)
    emulator.start()
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TEST_AWS_ENDPOINT", emulator.endpoint)
    reader = SecretsReader(emulator.endpoint)
    yield reader
    reader.close()
    emulator.stop()


def test_the_connection_secret_is_read_again_after_a_refusal(
    openbao: OpenBao, admin: Callable[..., Any], aws: SecretsReader, open_as: Open
) -> None:
    """Whoever rotates the token writes the new one, then revokes the old one."""
    name = "hybrid/vault-connection"
    first, second = (
        admin("POST", "auth/token/create", policies=["default"])["auth"] for _ in "ab"
    )
    aws.put(name, _connection(openbao.address + "/", first["client_token"]))
    http, _ = open_as({"method": "secrets_manager", "secret_id": name})
    assert accessor_of(http) == first["accessor"]

    aws.put(name, _connection(openbao.address, second["client_token"]))
    admin("POST", "auth/token/revoke-accessor", accessor=first["accessor"])

    def now() -> str | None:
        try:
            return accessor_of(http)
        except Permanent:  # the secret was read less than five seconds ago
            return None

    deadline = time.monotonic() + 20
    while now() != second["accessor"]:
        assert time.monotonic() < deadline
        threading.Event().wait(0.2)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("CANARY", "must be JSON"),
        ('["CANARY"]', "must be JSON"),
        ('{"vaultAddress": "https://x", "vaultToken": ""}', "has no vaultToken"),
        ('{"vaultAddress": [7], "vaultToken": "CANARY"}', "that is no text"),
        ('{"vaultAddress": "https://x", "vaultToken": "CANARY"}', "another Vault"),
    ],
)
def test_an_unusable_connection_secret_is_told_without_a_word_of_it(
    aws: SecretsReader, open_as: Open, text: str, what: str
) -> None:
    """And a token is never sent to another Vault than its own."""
    aws.put("connection", text)
    http, _ = open_as({"method": "secrets_manager", "secret_id": "connection"})

    with pytest.raises(Temporary, match=what) as raised:
        accessor_of(http)

    assert raised.value.cause == Cause.VAULT_LOGIN
    assert "CANARY" not in str(raised.value)


def test_a_connection_secret_that_is_not_there_is_told(
    aws: SecretsReader, open_as: Open
) -> None:
    """By the code of AWS's error."""
    http, _ = open_as({"method": "secrets_manager", "secret_id": "connection"})

    with pytest.raises(Temporary, match="secret: ResourceNotFoundException"):
        accessor_of(http)


def _connection(address: str, token: str) -> str:
    return json.dumps({"vaultAddress": address, "vaultToken": token})


def test_sts_answers_the_signed_identity(aws: SecretsReader) -> None:
    """The request that Vault would send on is one that STS takes."""
    identity = AwsIdentity("eu-central-1", endpoint_url=os.environ["TEST_AWS_ENDPOINT"])
    signed = identity.signed("vault.example")
    url, body, headers = (
        base64.b64decode(signed[f"iam_request_{part}"]).decode()
        for part in ("url", "body", "headers")
    )
    given = {name: value[0] for name, value in json.loads(headers).items()}

    answer = httpx.post(url, content=body, headers=given, trust_env=False)

    assert answer.status_code == 200
    assert "<GetCallerIdentityResult>" in answer.text


def test_the_signed_identity_is_what_botocores_own_signer_signs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For the Region's own STS, in AWS's other partitions too, bound to one Vault."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    hosts = {
        "eu-central-1": "https://sts.eu-central-1.amazonaws.com/",
        "us-gov-west-1": "https://sts.us-gov-west-1.amazonaws.com/",
        "cn-north-1": "https://sts.cn-north-1.amazonaws.com.cn/",
    }
    for region, host in hosts.items():
        signed = AwsIdentity(region).signed("vault.example")

        url, body, headers = (
            base64.b64decode(signed[f"iam_request_{part}"]).decode()
            for part in ("url", "body", "headers")
        )
        given = {name.lower(): value[0] for name, value in json.loads(headers).items()}
        assert url == host
        assert given[SERVER_ID.lower()] == "vault.example"
        assert given["authorization"] == _resigned(url, body, given, region)


def _resigned(url: str, body: str, given: dict[str, str], region: str) -> str:
    """The signature that botocore makes of the same request at the same time."""
    names = ("content-type", SERVER_ID.lower())
    request = AWSRequest("POST", url, data=body, headers={n: given[n] for n in names})
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", "session"), "sts", region)
    request.context["timestamp"] = given["x-amz-date"]
    signer._modify_request_before_signing(request)
    del request.headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = given["x-amz-date"]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
        f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}, "
        f"Signature={signature}"
    )


class Steps:
    """A clock that is set, and logins that are counted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.logins = 0
        self.fails: Temporary | None = None
        self.lease = Lease(90.0, 90.0, renewable=False)
        self.login = Login(self._log_in, steady=lambda: self.now)

    def _log_in(self) -> Grant:
        self.logins += 1
        if self.fails:
            raise self.fails
        return Grant(f"s.{self.logins}", self.lease)


def test_a_refusal_soon_after_a_login_is_not_about_the_token() -> None:
    """A policy that lacks a path must not make a login of each read."""
    steps = Steps()
    token = steps.login.token()

    assert not steps.login.renewed(token)
    steps.now += 61
    assert steps.login.renewed(token)

    assert steps.login.token() == "s.2"
    assert steps.login.renewed(token), "somebody else has logged in meanwhile"
    assert steps.logins == 2


def test_a_login_that_has_just_failed_is_not_tried_at_once() -> None:
    """Eight workers ask for a token at the same time."""
    steps = Steps()
    steps.fails = Temporary(Cause.VAULT_LOGIN, "no")
    for _ in range(8):
        with pytest.raises(Temporary):
            steps.login.token()
    assert steps.logins == 1

    steps.now, steps.fails = steps.now + 5, None

    assert steps.login.token() == "s.2"


def test_a_token_whose_life_is_over_is_not_used() -> None:
    """Vault need not refuse it first."""
    steps = Steps()
    assert steps.login.token() == "s.1"
    steps.now += 89.9
    assert steps.login.token() == "s.1"

    steps.now += 0.1

    assert steps.login.token() == "s.2"


def keeper(http: VaultHttp, credential: Credential) -> TokenKeeper:
    return TokenKeeper(
        http,
        credential,
        namespace="",
        now=time.time,
        on_expiry=lambda _: None,
        on_recovery=lambda: None,
    )


@pytest.mark.parametrize(
    ("role", "replaced"),
    [
        ({"token_ttl": "3s", "token_max_ttl": "1h"}, False),
        ({"token_ttl": "3s", "token_max_ttl": "4s"}, True),
        # Its life is counted in whole seconds: of three, two may be left.
        ({"token_ttl": "4s", "token_type": "batch"}, True),
    ],
    ids=["renewed", "at the end of its renewals", "batch"],
)
def test_before_a_token_ends_it_is_renewed_or_else_replaced(
    admin: Callable[..., Any],
    method: Callable[[str], str],
    open_as: Open,
    tmp_path: Path,
    role: dict[str, Any],
    replaced: bool,
) -> None:
    """At two thirds of its life, by what the last login or renewal has granted."""
    http, credential = open_as(approle(admin, method("approle"), tmp_path, **role))
    token, look = credential.token(), keeper(http, credential).look
    begin = time.monotonic()
    while time.monotonic() < begin + 7:
        look()
        left = credential.lease()
        assert left is not None
        assert left.ttl > 0
        if credential.token() != token:
            break
        threading.Event().wait(0.1)

    assert (credential.token() != token) is replaced
