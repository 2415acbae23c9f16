"""Documents as a receiver gives them, with what the sketches in the docs show."""

from __future__ import annotations

from typing import Any

NOW = 1795428251.0  # 2026-11-23 10:04:11Z
MOUNT = "hybrid-aws-secrets"


def change(action: str, path: str, /, **more: Any) -> dict[str, Any]:
    """One line of a plan, under rule hybrid; ``more`` replaces and adds."""
    return {
        "action": action,
        "namespace": "",
        "mount": MOUNT,
        "path": path,
        "name": f"{MOUNT}/{path}",
        "rule": "hybrid",
        "region": "eu-central-1",
        "from": None,
        "to": None,
        "reason": "",
        "cause": None,
        **more,
    }


def plan(*changes: dict[str, Any], unchanged: int = 405, **more: Any) -> dict[str, Any]:
    """A plan of these changes."""
    summary = {
        "create": 0,
        "update": 0,
        "restore": 0,
        "repair": 0,
        "delete": 0,
        "conflict": 0,
        "parked": 0,
        "held": 0,
        "orphaned": 0,
        "unchanged": unchanged,
    }
    for one in changes:
        summary[one["action"]] += 1
    return {
        "format_version": 1,
        "id": "7f3a9c41d2e0",
        "at": "2026-11-23T10:04:11.000Z",
        "source": "vault-prod",
        "summary": summary,
        "changes": list(changes),
        "brake": [],
        "rules": [
            {
                "name": "hybrid",
                "mount": MOUNT,
                "template": "{mount}/{path}",
                "on_delete": "schedule",
            }
        ],
        "calls": {"vault": 7, "aws": 5},
        "seconds": 1.9,
        "faults": [],
        "warnings": [],
        **more,
    }


def run(**more: Any) -> dict[str, Any]:
    """A run that ended well."""
    return {
        "run_id": "0" * 32,
        "state": "done",
        "compared": 412,
        "queued": 4,
        "remaining": 0,
        "done": {},
        "parked": [],
        "held": 0,
        "paused": 0,
        "brake": [],
        "faults": [],
        "seconds": 12.3,
        **more,
    }


def item(path: str, state: str, /, **more: Any) -> dict[str, Any]:
    """One secret of a listing."""
    return {
        "namespace": "",
        "mount": MOUNT,
        "path": path,
        "rule": "hybrid",
        "name": f"{MOUNT}/{path}",
        "state": state,
        "cause": None,
        "detail": "",
        "region": "eu-central-1",
        "since": None,
        "decision": None,
        "vault_version": None,
        "version_id": None,
        "lag_seconds": None,
        **more,
    }


def status(*needing: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What ``GET /v1/status`` says; ``states`` counts what needs somebody."""
    states = {
        "in_sync": 409,
        "pending": 0,
        "parked": 0,
        "conflict": 0,
        "held": 0,
        "drifted": 0,
        "orphaned": 0,
        "deleting": 3,
    }
    for one in needing:
        states[one["state"]] += 1
    document = {
        "format_version": 1,
        "verdict": "needs_you" if needing else "well",
        "source": "vault-prod",
        "version": "1.4.0",
        "uptime_seconds": 3 * 86_400.0,
        "states": states,
        "pending": 0,
        "oldest_pending_seconds": None,
        "parked": {},
        "needs_you": list(needing),
        "lag": {
            "p50": 0.21,
            "p95": 0.38,
            "p99": 0.71,
            "changes": 218,
            "within_slo": 217 / 218,
        },
        "reconcile": {
            "last": NOW - 240,
            "seconds": 12.0,
            "compared": 412,
            "differing": {"repair": 1},
            "next": NOW + 1620,
        },
        "brake": [],
        "deletes": [{"rule": "hybrid", "made": 3, "most": 41}],
        "paused": [],
        "forwarders": [
            {
                "name": "vault-1",
                "source": "vault-prod",
                "last_seen": "2026-11-23T10:04:07.000Z",
                "last_entry_time": None,
                "gaps": 0,
                "spool": 0,
                "version": "1",
                "clock_skew_seconds": 0.4,
            }
        ],
        "faults": [],
        "warnings": [],
    }
    return document | more
