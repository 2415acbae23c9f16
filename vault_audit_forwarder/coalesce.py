"""Which waiting events are about the same thing, and what remains of two that are.

An event is a hint, so of many about one secret the receiver needs one: the newest in
name, with the greatest version time ever seen, because that is what it compares its
own reading with. Pure.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint

Spooled: TypeAlias = wire.Change | wire.MountChange | wire.Gap


def key_of(data: Spooled) -> str:
    """Equal for events that coalesce, and for no others."""
    parts: list[str | None]
    if isinstance(data, wire.Change):
        parts = [wire.CHANGED, data.namespace or "", data.mount, data.path]
    elif isinstance(data, wire.MountChange):
        parts = [wire.MOUNT_CHANGED, data.namespace or "", data.mount]
    else:
        parts = [wire.GAP, data.reason, *data.mounts]
    return msgspec.json.encode(parts).decode()


def merge(old: Hint, new: Hint) -> Hint:
    """One hint for both; they have the same key, and ``new`` came later."""
    if isinstance(old.data, wire.Change) and isinstance(new.data, wire.Change):
        return new._replace(data=_merge_changes(old.data, new.data))
    if isinstance(old.data, wire.Gap) and isinstance(new.data, wire.Gap):
        since = _earliest(old.data.since, new.data.since)
        return new._replace(data=msgspec.structs.replace(new.data, since=since))
    return new


def _merge_changes(old: wire.Change, new: wire.Change) -> wire.Change:
    newest = max(old, new, key=_created)
    return msgspec.structs.replace(
        new,
        mount_accessor=new.mount_accessor or old.mount_accessor,
        version=newest.version,
        created_time=newest.created_time,
        deletion_time=newest.deletion_time,
    )


def _created(change: wire.Change) -> int:
    """Nanoseconds; an event without a version, such as a delete, sorts first."""
    return wire.nanoseconds(change.created_time) if change.created_time else -1


def _earliest(one: str | None, other: str | None) -> str | None:
    """None is the earliest of all: nothing was seen before it."""
    if one is None or other is None:
        return None
    return min(one, other, key=wire.nanoseconds)
