"""Audit lines as Vault writes them: compact JSON, one line, values hashed."""

from __future__ import annotations

import json
from typing import Any

HASH = "hmac-sha256:" + "a26d99d5" * 8


def entry(
    *,
    type: str = "response",
    id: str = "a4be4b93-65ba-200a-9241-287670616bde",
    time: str = "2026-11-23T16:21:07.139702207Z",
    operation: str = "update",
    path: str = "secret/data/app/db",
    mount_point: str = "secret/",
    mount_type: str = "kv",
    namespace: str = "",
    request: dict[str, Any] | None = None,
    response: dict[str, Any] | None = None,
    **top: Any,
) -> bytes:
    """One entry without its newline; ``request`` and ``top`` add or replace keys."""
    space = {"id": "9e5tic", "path": namespace} if namespace else {"id": "root"}
    written = {
        "time": time,
        "type": type,
        "auth": {"client_token": HASH, "policy_results": {"allowed": True}},
        "request": {
            "id": id,
            "operation": operation,
            "mount_point": mount_point,
            "mount_type": mount_type,
            "mount_accessor": "kv_6a85b395",
            "mount_class": "secret",
            "client_token": HASH,
            "namespace": space,
            "path": path,
            "data": {"data": {"password": HASH}, "options": {}},
            **(request or {}),
        },
        **({"response": response or {}} if type == "response" else {}),
        **top,
    }
    return json.dumps(written, separators=(",", ":"), ensure_ascii=False).encode()


def put(
    version: int = 1, *, response: dict[str, Any] | None = None, **keys: Any
) -> bytes:
    """The response entry of a successful put on KV v2."""
    data = {
        "created_time": "2026-11-23T16:21:07.138896586Z",
        "custom_metadata": None,
        "deletion_time": HASH,
        "destroyed": False,
        "version": version,
    }
    return entry(response={"data": data, **(response or {})}, **keys)
