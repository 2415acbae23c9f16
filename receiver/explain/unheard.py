"""Why nothing told us of a change: the ways an event can be missed. Pure.

no forwarder has beaten for a minute                 it is away
none has seen an audit entry since the write         the device is off, or elsewhere
events come under a name that is not our source      forwarder.yaml names it otherwise
all of that is well, the secret has a namespace      mounts: is over NAMESPACE/MOUNT
all of that is well                                  mounts: leaves the mount out
"""

from __future__ import annotations

from receiver.explain.snapshot import Listener, Snapshot

#: Heartbeats come every 30 s, and the receiver's own calls make an entry a minute.
SILENT_AFTER = 90.0


def why_unheard(snap: Snapshot, written: float | None) -> str:
    """In one line; ``written`` is when Vault took the change, in epoch seconds."""
    ours = [one for one in snap.listeners if one.source == snap.source]
    if not ours:
        other = _other_source(snap)
        return other or f"no forwarder of {snap.source} has been heard of"
    alive = [one for one in ours if snap.now - one.last_seen <= SILENT_AFTER]
    if not alive:
        newest = max(ours, key=lambda one: one.last_seen)
        ago = snap.now - newest.last_seen
        return f"forwarder silent: {newest.name} was last heard {ago:,.0f} s ago"
    if not any(_was_listening(snap, one, written) for one in alive):
        names = " and ".join(one.name for one in alive)
        return (
            f"forwarder deaf: {names} beats, and has seen no audit entry since: its "
            "device is disabled, or Vault's active node is another"
        )
    return _other_source(snap) or _filtered(snap)


def _was_listening(snap: Snapshot, one: Listener, written: float | None) -> bool:
    since = snap.now - SILENT_AFTER if written is None else written
    return one.last_entry is not None and one.last_entry >= since


def _other_source(snap: Snapshot) -> str:
    names = " and ".join(snap.other_sources)
    if not names:
        return ""
    return f"other source: events come from {names}, which is not {snap.source}"


def _filtered(snap: Snapshot) -> str:
    ref = snap.ref
    if not ref.namespace:
        return (
            f"mount filtered: check that mounts in forwarder.yaml covers {ref.mount}; "
            "or a gap was not compared yet"
        )
    return (
        "other namespace: check that mounts in forwarder.yaml covers "
        f"{ref.namespace}/{ref.mount}, whose namespace stands in front"
    )
