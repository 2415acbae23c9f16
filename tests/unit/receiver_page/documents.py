"""Status documents as the receiver makes them, with what a test is about."""

from __future__ import annotations

from typing import Any

from receiver.core.state import State


def status(**more: Any) -> dict[str, Any]:
    """One of a receiver that is well; ``states`` are those that are not 0."""
    states = dict.fromkeys(map(str, State), 0) | more.pop("states", {})
    return {
        "format_version": 1,
        "verdict": "well",
        "states": states,
        "pending": states["pending"],
        "oldest_pending_seconds": None,
        "parked": {},
        "needs_you": [],
        "lag": {"p50": None, "p95": None, "p99": None},
        "reconcile": {"last": None},
        "brake": [],
        "paused": [],
        "forwarders": [],
        "faults": [],
        "warnings": [],
        "deletes": [],
    } | more


def item(path: str, state: str = "parked", **more: Any) -> dict[str, Any]:
    """One secret of ``needs_you``."""
    return {
        "namespace": "",
        "mount": "kv",
        "path": path,
        "rule": "hybrid",
        "name": f"kv/{path}",
        "state": state,
        "cause": "KMS_DENIED",
        "detail": "",
        "region": "eu-central-1",
        "since": None,
        "decision": None,
        "vault_version": 1,
        "version_id": None,
        "lag_seconds": None,
        "who": "AWS admin",
        "do": "allow it",
    } | more


def pause(rule: str | None = None, **more: Any) -> dict[str, Any]:
    """A pause of one rule, or of all."""
    return {
        "rule": rule,
        "reason": "move",
        "by": "oncall",
        "since": "2026-11-23T10:00:00Z",
        "until": "2026-11-23T14:00:00Z",
    } | more
