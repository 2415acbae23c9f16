"""The port ``Source``: KV v1 and v2 of Vault or OpenBao.

Absent means exactly one thing: a 404 with ``{"errors": []}``, or version metadata
that says deleted or destroyed, on a mount whose type, version and accessor were
read again in the same confirmation. Every other doubt is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from receiver.adapters.vault_answers import (
    as_object,
    is_absent,
    listed,
    mount_from,
    truth_from_metadata,
    truth_from_read,
)
from receiver.adapters.vault_http import VaultHttp
from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.rules import is_glob, matches
from receiver.core.state import Gone, Mount, SecretRef, Truth, Value

#: Keys in one page of a listing; a page never gets large in the audit log.
PAGE = 500
#: Metadata read at the same time, where a listing does not bring them along.
_AT_ONCE = 4


class VaultKv:
    """Reads what is there, and remembers nothing but which mounts there are."""

    def __init__(
        self,
        http: VaultHttp,
        *,
        now: Callable[[], float],
        before_listing_read: Callable[[], None] = lambda: None,
    ) -> None:
        """``before_listing_read`` is called before each request of a listing, so
        that a comparison does not crowd Vault; it may block."""
        self._http = http
        self._now = now
        self._before_listing_read = before_listing_read
        self._lock = threading.Lock()
        self._mounts: dict[tuple[str, str], Mount] = {}
        self._without_details: set[str] = set()

    def mount(self, namespace: str, path: str, *, fresh: bool = False) -> Mount:
        """The KV mount at exactly ``path``. Raises Permanent(MOUNT_UNKNOWN)."""
        if not fresh and (known := self.cached_mount(namespace, path)):
            return known
        try:
            answer = self._http.get(
                "mount", namespace, f"sys/internal/ui/mounts/{path}"
            )
        except Permanent as error:  # Vault's answer for a path without a mount
            self._forget(namespace, path)
            raise Permanent(
                Cause.MOUNT_UNKNOWN, "no mount here that the token can see (403)"
            ) from error
        data = as_object(as_object(answer.json()).get("data"))
        if answer.status != 200 or data.get("path") != f"{path}/":
            self._forget(namespace, path)
            raise Permanent(Cause.MOUNT_UNKNOWN, "Vault has no mount at this path")
        mount = mount_from(namespace, data)
        if mount is None:
            self._forget(namespace, path)
            raise Permanent(Cause.MOUNT_UNKNOWN, "the mount is no KV secrets engine")
        with self._lock:
            self._mounts[namespace, path] = mount
        return mount

    def cached_mount(self, namespace: str, path: str) -> Mount | None:
        """The mount if it is known; never asks Vault."""
        with self._lock:
            return self._mounts.get((namespace, path))

    def forget_mounts(self) -> None:
        """Mounts, policies or the token changed: ask again at the next need."""
        with self._lock:
            self._mounts.clear()
            # A refusal while the token was bad must not mean the slow way for ever.
            self._without_details.clear()

    def namespaces(self, glob: str) -> list[str]:
        """The namespaces that ``glob`` matches; the root is the empty one."""
        if not is_glob(glob):
            return [glob]
        found, parents = [""], [""]
        while parents:
            parent = parents.pop()
            answer = self._http.list("namespaces", parent, "sys/namespaces")
            if is_absent(answer):
                continue
            children = (f"{parent}/{key}".strip("/") for key in listed(answer)[0])
            for child in children:
                found.append(child)
                parents.append(child)
        return [namespace for namespace in found if matches(glob, namespace)]

    def mounts(self, namespace: str) -> list[Mount]:
        """All KV mounts of a namespace that the token can see."""
        answer = self._http.get("mounts", namespace, "sys/internal/ui/mounts")
        found = as_object(as_object(as_object(answer.json()).get("data")).get("secret"))
        if answer.status != 200:
            raise Temporary(
                Cause.VAULT_UNREACHABLE, f"mounts: Vault answered {answer.status}"
            )
        mounts = (
            mount_from(namespace, {"path": path, **as_object(data)})
            for path, data in found.items()
        )
        return [mount for mount in mounts if mount is not None]

    def read(self, ref: SecretRef) -> Truth:
        """The current value, or Gone once Vault has confirmed it."""
        mount = self.mount(ref.namespace, ref.mount)
        where = f"{ref.mount}/{ref.path}"
        if mount.version == 2:
            where = f"{ref.mount}/data/{ref.path}"
        answer = self._http.get("read", ref.namespace, where)
        truth = truth_from_read(answer, mount)
        if truth is None:
            # Asked as on v1, a mount that has become v2 gives no readable answer.
            self._confirm_mount(mount)
            raise Permanent(
                Cause.MOUNT_UNKNOWN,
                f"read: Vault answered {answer.status} without saying the key is gone",
            )
        # A v1 answer looks the same when the mount has just become v2, and then
        # holds something else; so does the absence of a key.
        if isinstance(truth, Gone) or mount.version == 1:
            self._confirm_mount(mount)
        return replace(truth, accessor=mount.accessor)

    def look(self, ref: SecretRef) -> Truth:
        """The current version without its value; on v1 only whether there is one."""
        mount = self.mount(ref.namespace, ref.mount, fresh=True)
        head, slash, key = ref.path.rpartition("/")
        folder = head + slash
        if mount.version == 2:
            return self._metadata(mount, folder, key)
        keys = self._keys(mount, f"{mount.path}/{folder}")
        return Value("") if key in keys else Gone()

    def confirm(self, ref: SecretRef, truth: Truth) -> bool:
        """Whether the active node's metadata agree with ``truth``."""
        leader = self._other_leader()
        mount = self.mount(ref.namespace, ref.mount)
        if mount.version == 1:
            if leader is None:
                return self.read(ref) == truth
            path = f"{ref.mount}/{ref.path}"
            answer = self._http.get_from(leader, "read", ref.namespace, path)
            return truth_from_read(answer, mount) == truth
        path = f"{ref.mount}/metadata/{ref.path}"
        if leader:
            answer = self._http.get_from(leader, "metadata", ref.namespace, path)
        else:
            answer = self._http.get("metadata", ref.namespace, path)
        if answer.status == 404:
            return is_absent(answer) and truth == Gone()
        found = truth_from_metadata(as_object(answer.json()).get("data"), self._now())
        return (found.version, found.created_time, type(found)) == (
            truth.version,
            truth.created_time,
            type(truth),
        )

    def versions(self, namespace: str, mount: str) -> Iterator[tuple[SecretRef, Truth]]:
        """Every secret of a mount with its current version; bodies are empty."""
        found = self.mount(namespace, mount, fresh=True)
        folders = [""]
        while folders:
            folder = folders.pop()
            for key, truth in self._folder(found, folder):
                if key.endswith("/"):
                    folders.append(folder + key)
                else:
                    known = replace(truth, accessor=found.accessor)
                    yield SecretRef(namespace, mount, folder + key), known
        self._confirm_mount(found)

    def _folder(self, mount: Mount, folder: str) -> Iterator[tuple[str, Truth]]:
        """Keys of one level; those of folders end in a slash."""
        if mount.version == 1:
            for key in self._keys(mount, f"{mount.path}/{folder}"):
                yield key, Value("")
            return
        if mount.accessor not in self._without_details:
            pages = self._detailed(mount, folder)
            if pages is not None:
                yield from pages
                return
            self._without_details.add(mount.accessor)
        keys = self._keys(mount, f"{mount.path}/metadata/{folder}")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for start in range(0, len(keys), PAGE):
                some = keys[start : start + PAGE]
                # Whoever counts the calls of this context counts these too.
                asked = [
                    pool.submit(copy_context().run, self._metadata, mount, folder, key)
                    for key in some
                ]
                yield from zip(some, (one.result() for one in asked), strict=True)

    def _keys(self, mount: Mount, path: str) -> list[str]:
        self._before_listing_read()
        answer = self._http.list("list", mount.namespace, path)
        if answer.status == 404 and is_absent(answer):
            return []
        return listed(answer)[0]

    def _metadata(self, mount: Mount, folder: str, key: str) -> Truth:
        if key.endswith("/"):
            return Gone()  # a folder has none
        self._before_listing_read()
        answer = self._http.get(
            "metadata", mount.namespace, f"{mount.path}/metadata/{folder}{key}"
        )
        if answer.status == 404 and is_absent(answer):
            return Gone()  # deleted since it was listed
        return truth_from_metadata(as_object(answer.json()).get("data"), self._now())

    def _detailed(self, mount: Mount, folder: str) -> list[tuple[str, Truth]] | None:
        """One level with metadata, page by page; None where the server has none."""
        found: list[tuple[str, Truth]] = []
        after = ""
        while True:
            self._before_listing_read()
            try:
                answer = self._http.list(
                    "list",
                    mount.namespace,
                    f"{mount.path}/detailed-metadata/{folder}",
                    limit=str(PAGE),
                    after=after,
                )
            except Permanent:  # the policy does not know of it: the plain way
                return None
            if answer.status == 404 and is_absent(answer):
                return found
            if answer.status in (404, 405):
                return None
            keys, details = listed(answer)
            for key in keys:
                truth: Truth = Gone()
                if not key.endswith("/"):
                    truth = truth_from_metadata(details.get(key), self._now())
                found.append((key, truth))
            if len(keys) < PAGE:
                return found
            after = keys[-1]

    def _confirm_mount(self, mount: Mount) -> None:
        if self.mount(mount.namespace, mount.path, fresh=True) != mount:
            raise Temporary(
                Cause.MOUNT_UNKNOWN, "the mount changed while it was read", after=0.1
            )

    def _other_leader(self) -> str | None:
        """The active node's address when we do not talk to it."""
        answer = self._http.get("leader", "", "sys/leader")
        data = as_object(answer.json())
        if data.get("ha_enabled") is not True or data.get("is_self") is True:
            return None
        leader = data.get("leader_address")
        if not isinstance(leader, str) or not leader:
            raise Temporary(Cause.STANDBY_LAGS, "Vault names no active node")
        return leader

    def _forget(self, namespace: str, path: str) -> None:
        with self._lock:
            self._mounts.pop((namespace, path), None)
