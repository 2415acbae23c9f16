"""From the request path that Vault logged to the key inside the mount."""

from __future__ import annotations

_V2_PREFIXES = ("data/", "metadata/", "delete/", "undelete/", "destroy/")


def key_of(request_path: str, kv_version: int) -> str | None:
    """The key that a request inside a mount was about; None when it was about none.

    On KV v1 the path is the key, also when it looks like one of v2.
    """
    if kv_version == 1:
        return request_path
    for prefix in _V2_PREFIXES:
        if request_path.startswith(prefix):
            return request_path.removeprefix(prefix) or None
    return None
