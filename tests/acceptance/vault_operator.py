"""What is done to a Vault besides writing secrets: mounts, namespaces, its seal.

Apart from ``receiver.demo.vault``, because the demo needs none of it. Names are
without outer slashes. What Vault carries out after its answer is waited for here, so
a test goes on in the state that it asked for.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx

from receiver.demo import loopback
from receiver.demo.installation import Installation
from receiver.demo.vault import Written
from tests.acceptance.scene import wait_until

_UNSEAL_KEY = re.compile(r"Unseal Key: (\S+)")


class VaultOperator:
    """May do everything in one namespace; closed by its owner."""

    def __init__(self, installation: Installation, *, namespace: str = "") -> None:
        self._log: Path = installation.directory / "openbao.log"
        headers = {"X-Vault-Token": installation.openbao.root_token}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        self._http = loopback.client(
            base_url=f"{installation.openbao.address}/v1/",
            headers=headers,
            timeout=30.0,
        )

    def close(self) -> None:
        self._http.close()

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Any request, whatever comes of it; headers with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.request(method, path, json=body, headers=named)

    def do(self, method: str, path: str, body: Any = None, **headers: str) -> Written:
        """A request that must succeed; no version is looked for in the answer."""
        self.call(method, path, body, **headers).raise_for_status()
        return Written(version=None, answered=time.monotonic())

    def upgrade(self, mount: str) -> None:
        """Make a KV v1 mount v2, and wait until it serves again."""
        self.do("POST", f"sys/mounts/{mount}/tune", {"options": {"version": "2"}})
        listing = f"{mount}/metadata/?list=true"
        wait_until(lambda: self.call("GET", listing).is_success, "the upgraded mount")

    def move(self, mount: str, to: str) -> None:
        """Remount, and wait until the old place is empty."""
        self.do("POST", "sys/remount", {"from": mount, "to": to})
        wait_until(lambda: not self._is_mounted(mount), "the mount has moved")

    def delete_namespace(self, name: str) -> None:
        """With all that is in it, and wait until it is gone."""
        self.do("DELETE", f"sys/namespaces/{name}")
        path = f"sys/namespaces/{name}"
        wait_until(lambda: self.call("GET", path).status_code == 404, "it is gone")

    def seal(self) -> None:
        self.do("PUT", "sys/seal")

    def unseal(self) -> None:
        """And wait until it serves; the key is what the server printed at its start."""
        key = _UNSEAL_KEY.search(self._log.read_text())
        assert key is not None
        self.do("PUT", "sys/unseal", {"key": key[1]})
        wait_until(lambda: self.call("GET", "sys/health").is_success, "it serves")

    def _is_mounted(self, mount: str) -> bool:
        return f"{mount}/" in self.call("GET", "sys/mounts").json()["data"]
