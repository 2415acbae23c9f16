"""What a person does to a Vault: mounts, secrets, policies, tokens.

The one who writes stands here, apart from the receiver who reads: nothing in this
file is used by the product. Paths are inside the mount, mounts and namespaces are
written without outer slashes. Every failed call raises Refused with its status.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx

from receiver.demo import loopback

Json: TypeAlias = Mapping[str, Any]


class Refused(Exception):
    """Vault answered with an error status."""

    def __init__(self, method: str, path: str, status: int) -> None:
        super().__init__(f"{method} {path}: status {status}")
        self.status = status


@dataclass(frozen=True)
class Written:
    """A finished write. ``answered`` is the monotonic time of Vault's answer, seconds.

    ``version`` is None for what makes no version: a delete, an undelete, KV v1.
    """

    version: int | None
    answered: float


class Vault:
    """A client with one token in one namespace; closed by its owner."""

    def __init__(self, address: str, token: str, *, namespace: str = "") -> None:
        self.address = address
        self.token = token
        headers = {"X-Vault-Token": token}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        self._http = loopback.client(
            base_url=f"{address}/v1/", headers=headers, timeout=30.0
        )

    def close(self) -> None:
        self._http.close()

    def enable_kv(self, mount: str, *, version: int = 2) -> None:
        """Mount a KV engine."""
        options = {"version": str(version)}
        self._call("POST", f"sys/mounts/{mount}", {"type": "kv", "options": options})

    def disable(self, mount: str) -> None:
        """Unmount an engine; its secrets are gone."""
        self._call("DELETE", f"sys/mounts/{mount}")

    def create_namespace(self, name: str) -> None:
        self._call("POST", f"sys/namespaces/{name}", {})

    def put(self, mount: str, path: str, data: Json) -> Written:
        """A new version of a KV v2 secret."""
        return self._write("POST", f"{mount}/data/{path}", {"data": data})

    def patch(self, mount: str, path: str, data: Json) -> Written:
        """Change some keys of a KV v2 secret; None removes a key."""
        return self._write("PATCH", f"{mount}/data/{path}", {"data": data})

    def rollback(self, mount: str, path: str, *, version: int) -> Written:
        """What ``kv rollback`` does: an old version's data as a new version."""
        old = self.read(mount, path, version=version)
        current = self.read(mount, path)["metadata"]["version"]
        body = {"data": old["data"], "options": {"cas": current}}
        return self._write("POST", f"{mount}/data/{path}", body)

    def read(self, mount: str, path: str, *, version: int | None = None) -> Any:
        """``{"data": …, "metadata": …}`` of the current or the given version."""
        query = "" if version is None else f"?version={version}"
        answer = self._call("GET", f"{mount}/data/{path}", query=query)
        return answer.json()["data"]

    def delete(self, mount: str, path: str) -> Written:
        """Delete the current version; it can be undeleted."""
        return self._write("DELETE", f"{mount}/data/{path}")

    def undelete(self, mount: str, path: str, *, versions: Sequence[int]) -> Written:
        body = {"versions": list(versions)}
        return self._write("POST", f"{mount}/undelete/{path}", body)

    def destroy(self, mount: str, path: str, *, versions: Sequence[int]) -> Written:
        """Remove the data of these versions for ever."""
        body = {"versions": list(versions)}
        return self._write("POST", f"{mount}/destroy/{path}", body)

    def delete_metadata(self, mount: str, path: str) -> Written:
        """Remove the secret with all its versions; the next put is version 1 again."""
        return self._write("DELETE", f"{mount}/metadata/{path}")

    def set_metadata(self, mount: str, path: str, **settings: Any) -> Written:
        """What ``kv metadata put`` does, as in ``delete_version_after="1h"``."""
        return self._write("POST", f"{mount}/metadata/{path}", settings)

    def put_v1(self, mount: str, path: str, data: Json) -> Written:
        return self._write("POST", f"{mount}/{path}", data)

    def delete_v1(self, mount: str, path: str) -> Written:
        return self._write("DELETE", f"{mount}/{path}")

    def create_policy(self, name: str, rules: str) -> None:
        """``rules`` as HCL text."""
        self._call("POST", f"sys/policies/acl/{name}", {"policy": rules})

    def create_token(self, policy: str, *, period: str = "1h") -> str:
        """A token with this policy that lives as long as it is renewed in time."""
        body = {"policies": [policy], "period": period, "no_parent": True}
        answer = self._call("POST", "auth/token/create", body).json()
        token: str = answer["auth"]["client_token"]
        return token

    def _write(self, method: str, path: str, body: Json | None = None) -> Written:
        answer = self._call(method, path, body)
        answered = time.monotonic()
        data = (answer.json().get("data") or {}) if answer.content else {}
        return Written(version=data.get("version"), answered=answered)

    def _call(
        self, method: str, path: str, body: Json | None = None, *, query: str = ""
    ) -> httpx.Response:
        headers = {}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        answer = self._http.request(
            method, quote(path) + query, json=body, headers=headers
        )
        if answer.is_error:
            raise Refused(method, path, answer.status_code)
        return answer


def reading_policy(mount: str, *, version: int = 2) -> str:
    """The least a replicator needs on a mount; its namespace stands in front of it."""
    if version == 1:
        return _grant(f"{mount}/*", "read", "list")
    return (
        _grant(f"{mount}/metadata/*", "read", "list")
        + _grant(f"{mount}/detailed-metadata/*", "list")
        + _grant(f"{mount}/data/*", "read")
    )


def _grant(path: str, *capabilities: str) -> str:
    listed = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{\n  capabilities = [{listed}]\n}}\n'
