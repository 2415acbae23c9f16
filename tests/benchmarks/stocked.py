"""A Vault with as many secrets as a figure is about, in twenty folders."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from receiver.adapters.vault_http import VaultHttp, VaultNode
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_session import VaultSession
from receiver.adapters.vault_token import TokenFile
from receiver.demo.openbao import OpenBao
from receiver.demo.programs import VAULT_TOKEN, write_secret
from receiver.demo.vault import Vault, reading_policy
from vault_audit_forwarder.program.secret_files import SecretFile

FOLDERS = 20
_THREADS = 4


class Stocked:
    """A real OpenBao, and in ``directory`` the token that reads it."""

    def __init__(self, directory: Path, mount: str) -> None:
        self._openbao = OpenBao(directory, audit_addresses=[])
        self._token_file = directory / VAULT_TOKEN
        self.mount = mount
        self._client: Vault | None = None
        self.paths: list[str] = []

    @property
    def address(self) -> str:
        return self._openbao.address

    @property
    def token(self) -> str:
        """One that may do everything."""
        return self._openbao.root_token

    def start(self) -> None:
        """Start it, empty. Raises NoBinary, StartError."""
        self._openbao.start()
        self._client = Vault(self.address, self.token)
        self._client.enable_kv(self.mount)
        policy = reading_policy(self.mount, version=2)
        self._client.create_policy("replicator", policy)
        write_secret(self._token_file, self._client.create_token("replicator"))

    def stop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._openbao.stop()

    def fill(self, secrets: int) -> None:
        """Until there are so many."""
        new = range(len(self.paths), secrets)
        added = [f"folder-{n % FOLDERS:02}/secret-{n:05}" for n in new]
        self._put(added)
        self.paths += added

    def change(self, count: int) -> list[str]:
        """A new version of so many, spread over all; their paths."""
        changed = self.paths[:: len(self.paths) // count][:count]
        self._put(changed)
        return changed

    def listing_seconds(self, address: str) -> float:
        """How long Vault's side of our comparison takes, asked at ``address``."""
        session = VaultSession(ca_file=None, connections=1)
        node = VaultNode(
            address, session, timeout=10.0, on_request=lambda _operation, _code: None
        )
        http = VaultHttp(node, TokenFile(SecretFile(self._token_file)))
        began = time.perf_counter()
        source = VaultKv(http, now=time.time)
        found = sum(1 for _ in source.versions("", self.mount))
        seconds = time.perf_counter() - began
        http.close()
        if found != len(self.paths):
            raise AssertionError("the listing is not complete")
        return seconds

    def _put(self, paths: list[str]) -> None:
        assert self._client is not None
        client, data = self._client, {"username": "u" * 16, "password": "p" * 32}
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(lambda path: client.put(self.mount, path, data), paths))
