"""How an entry is shown: what people script against."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from receiver.core.state import Entry


def brief(entry: Entry) -> dict[str, Any]:
    """Which secret it is, where it is replicated to, and how it stands."""
    return {
        "namespace": entry.ref.namespace,
        "mount": entry.ref.mount,
        "path": entry.ref.path,
        "rule": entry.rule,
        "name": entry.name,
        "state": entry.state,
        "cause": entry.cause,
    }


def full(entry: Entry) -> dict[str, Any]:
    """All of it. ``since`` is when it came into its state; null: not known."""
    return {
        **brief(entry),
        "detail": entry.detail,
        "region": entry.region,
        "since": moment(entry.state_since) if entry.state_since else None,
        "decision": entry.decision,
        "vault_version": entry.version,
        "version_id": entry.version_id,
        "lag_seconds": entry.lag,
    }


def moment(at: float) -> str:
    """Epoch seconds as RFC 3339, to the millisecond."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
