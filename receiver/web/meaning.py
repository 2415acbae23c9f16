"""What people write for a secret, understood as generously as it can be.

Besides MOUNT/PATH there are paths of the API (``v1/kv/data/app/db``), paths with the
namespace in front, and plain slips. What was understood differently than it was written
is said; a name that nothing is known of is explained, not refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from receiver.core.causes import ReplicationError
from receiver.core.paths import key_of
from receiver.core.state import Mount, SecretRef
from receiver.explain.snapshot import Unasked
from receiver.web.references import Finder, bare, named, splits_of
from receiver.web.refusals import Refused

Mounts = Callable[[str], "list[Mount] | ReplicationError | Unasked"]

_API = "v1/"
#: As many leading segments may be a namespace.
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Meaning:
    """Which secret is meant. ``reading`` says how it was understood, empty when to the
    letter."""

    ref: SecretRef
    reading: str = ""


def meant(
    mounts: Mounts, finder: Finder, *, namespace: str, mount: str | None, path: str
) -> Meaning:
    """What is meant. Raises Refused for what no path of Vault's can be."""
    namespace, path = bare("namespace", namespace), named("path", path)
    if mount is not None:
        return Meaning(SecretRef(namespace, named("mount", mount), path))
    for whole in dict.fromkeys((path, path.removeprefix(_API))):
        if found := _by_mounts(mounts, namespace, whole):
            return _told(found, namespace, path)
    if guessed := finder.guess(namespace, path):
        return _told(guessed, namespace, path)
    return _unknown(mounts, namespace, path)


def _by_mounts(mounts: Mounts, namespace: str, whole: str) -> SecretRef | None:
    segments = whole.split("/")
    for depth in range(min(_DEEPEST, len(segments) - 2) + 1):
        inside = "/".join(filter(None, (namespace, *segments[:depth])))
        known = mounts(inside)
        if not isinstance(known, list):
            return None  # there is no such namespace, or Vault does not answer
        versions = {mount.path: mount.version for mount in known}
        for mount, key in splits_of("/".join(segments[depth:])):
            if version := versions.get(mount):
                return SecretRef(inside, mount, _key(key, version))
    return None


def _key(key: str, version: int) -> str:
    """On KV v2 people copy ``data/`` and its likes from paths of the API."""
    return key_of(key, version) or key


def _told(ref: SecretRef, namespace: str, path: str) -> Meaning:
    if ref.namespace == namespace and path == f"{ref.mount}/{ref.path}":
        return Meaning(ref)
    where = f" in namespace {ref.namespace}" if ref.namespace else ""
    return Meaning(ref, f"read as {ref.mount}/{ref.path}{where}")


def _unknown(mounts: Mounts, namespace: str, path: str) -> Meaning:
    """Nothing is known of it: the first segment is taken for the mount."""
    mount, _, key = path.partition("/")
    if not key:
        raise Refused(422, "must be MOUNT/PATH: the path is missing", field="path")
    known = mounts(namespace)
    names = [one.path for one in known] if isinstance(known, list) else []
    near = difflib.get_close_matches(mount, names, 1)
    reading = f"no mount of this name is known; did you mean {near[0]}?" if near else ""
    return Meaning(SecretRef(namespace, mount, key), reading)
