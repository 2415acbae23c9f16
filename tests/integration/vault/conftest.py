"""A real OpenBao for the adapters that read Vault."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver.adapters.vault_http import VaultHttp, VaultNode
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_session import VaultSession
from receiver.adapters.vault_token import TokenFile
from receiver.demo.openbao import OpenBao
from receiver.demo.vault import Vault, reading_policy
from tests.integration.vault.platforms import Cluster, running_cluster
from tests.integration.vault.site import Site
from vault_audit_forwarder.program.secret_files import SecretFile


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    server = OpenBao(tmp_path_factory.mktemp("openbao"), audit_addresses=[])
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def root(openbao: OpenBao) -> Iterator[Vault]:
    """Who writes."""
    vault = Vault(openbao.address, openbao.root_token)
    yield vault
    vault.close()


@pytest.fixture
def mount(root: Vault) -> str:
    """A fresh KV v2 mount whose path holds a slash."""
    name = f"team/kv-{secrets.token_hex(4)}"
    root.enable_kv(name)
    return name


@pytest.fixture
def mount_v1(root: Vault) -> str:
    """A fresh KV v1 mount."""
    name = f"old-{secrets.token_hex(4)}"
    root.enable_kv(name, version=1)
    return name


@dataclass
class Reader:
    """A source with a token, and the requests that it made."""

    http: VaultHttp
    token_file: Path
    requests: list[tuple[str, str]]
    credential: TokenFile

    def __post_init__(self) -> None:
        self.source = VaultKv(self.http, now=time.time)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.requests]


@pytest.fixture
def reader_with(openbao: OpenBao, tmp_path: Path) -> Iterator[Callable[[str], Reader]]:
    """Makes a reader with this token."""
    made: list[VaultHttp] = []

    def make(token: str) -> Reader:
        file = tmp_path / "token"
        file.write_text(token + "\n")
        requests: list[tuple[str, str]] = []
        credential = TokenFile(SecretFile(file))
        node = VaultNode(
            openbao.address,
            VaultSession(ca_file=None, connections=2),
            timeout=10.0,
            on_request=lambda operation, code: requests.append((operation, code)),
        )
        http = VaultHttp(node, credential)
        made.append(http)
        return Reader(http, file, requests, credential)

    yield make
    for http in made:
        http.close()


@pytest.fixture
def reader(
    root: Vault, mount: str, mount_v1: str, reader_with: Callable[[str], Reader]
) -> Reader:
    """With the least policy that the documentation names, for both mounts."""
    policy = f"read-{secrets.token_hex(4)}"
    rules = reading_policy(mount) + reading_policy(mount_v1, version=1)
    root.create_policy(policy, rules)
    return reader_with(root.create_token(policy))


@pytest.fixture
def admin(openbao: OpenBao) -> Iterator[Callable[..., Any]]:
    """Calls of OpenBao's API as root."""
    headers = {"X-Vault-Token": openbao.root_token}
    with httpx.Client(
        base_url=f"{openbao.address}/v1/", headers=headers, trust_env=False
    ) as http:

        def call(method: str, path: str, **body: Any) -> Any:
            answer = http.request(method, path, json=body or None)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None

        yield call


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


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
