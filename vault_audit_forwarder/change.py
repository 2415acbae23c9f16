"""What an audited write may have changed, as the event that will travel.

Whether a mount is KV v1 or v2 is not in the entry, and ``data/x`` is a fine key on v1:
so every write below a KV mount is a change of its request path, and the receiver, who
can ask Vault, tells the two apart. Writes below ``sys/`` that move, mount or restore
something are a MountChange. Nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from vault_audit_forwarder import wire
from vault_audit_forwarder.audit import WRITES, Outcome, Request, Unreadable

_KV_TYPES = frozenset({"kv", "generic", "plugin"})
_SYSTEM_TYPES = frozenset({"system", "ns_system"})

Changed: TypeAlias = wire.Change | wire.MountChange


class Hint(NamedTuple):
    """``id`` is the request's, or a fresh UUID; ``time`` is the entry's, RFC 3339."""

    data: Changed | wire.Gap
    id: str
    time: str | None


def changed(request: Request) -> Changed | None:
    """What ``request`` changes if it succeeds; None when it is nothing of ours.

    Raises Unreadable for a write to a KV mount that does not say where.
    """
    if request.operation not in WRITES:
        return None
    if request.mount_type in _SYSTEM_TYPES:
        return _mount_change(request)
    return _kv_change(request) if _may_be_kv(request) else None


def with_outcome(data: Changed, outcome: Outcome) -> Changed:
    """``data`` with what the response entry knows better than the request."""
    if isinstance(data, wire.MountChange):
        return data
    return msgspec.structs.replace(
        data,
        mount_accessor=data.mount_accessor or outcome.mount_accessor or None,
        version=outcome.version,
        created_time=outcome.created_time,
        deletion_time=outcome.deletion_time,
    )


def _may_be_kv(request: Request) -> bool:
    """An external plugin's type is the name it was registered under, so any may be KV.

    A hint too many is dropped by the receiver, whose rules name their mounts.
    """
    if request.mount_type in _KV_TYPES or "kv" in re.split("[-_]", request.mount_type):
        return True
    return request.mount_is_external_plugin and request.mount_class == "secret"


def _kv_change(request: Request) -> wire.Change | None:
    namespace, mount, path = _place(request)
    if not mount:
        raise Unreadable("a KV write outside its mount")
    if not path or path.endswith("/"):
        # Vault refuses to write to such a path, so a delete there changed nothing.
        return None
    return wire.Change(
        namespace=namespace,
        mount=mount,
        mount_accessor=request.mount_accessor or None,
        path=path,
        operation=request.operation,
    )


def _mount_change(request: Request) -> wire.MountChange | None:
    namespace, _, path = _place(request)
    head, _, rest = path.partition("/")
    restored = path.startswith("storage/raft/snapshot")
    if head not in ("mounts", "remount", "namespaces", "raw") and not restored:
        return None
    mount = rest.strip("/").removesuffix("/tune") if head == "mounts" else ""
    return wire.MountChange(
        namespace=namespace,
        mount=f"{mount}/" if mount else None,
        operation=request.operation,
    )


def _place(request: Request) -> tuple[str, str, str]:
    """Namespace, mount in it, path in that; the mount is empty when they disagree."""
    namespace = request.namespace.path if request.namespace else ""
    absolute = namespace + request.path
    if not absolute.startswith(request.mount_point):
        return namespace, "", ""
    path = absolute[len(request.mount_point) :]
    if not request.mount_point.startswith(namespace):
        return namespace, "", ""
    return namespace, request.mount_point[len(namespace) :], path


class MountFilter:
    """Which mounts are wanted: globs over ``namespace/mount`` without outer slashes.

    ``*`` and ``?`` stay within a segment, ``**`` crosses slashes, ``**/`` may also
    be nothing: ``**/secret`` is ``secret`` of any namespace, the root included.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        self.globs = list(globs)
        alternatives = (_expression(glob.strip("/")) for glob in globs)
        self._wanted = re.compile("|".join(alternatives), re.DOTALL)

    def wants(self, data: Changed) -> bool:
        if data.mount is None:
            return True  # the entry hides which mount: it may be any
        place = f"{data.namespace or ''}{data.mount}".strip("/")
        return self._wanted.fullmatch(place) is not None


_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+", re.DOTALL)


def _expression(glob: str) -> str:
    parts = (_WILDCARDS.get(part, re.escape(part)) for part in _TOKEN.findall(glob))
    return f"(?:{''.join(parts)})"
