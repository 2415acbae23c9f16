"""Secrets as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver.core.state import SecretRef
from receiver.terminal.words import place, printable
from receiver.web.page.links import picked, to_secret
from receiver.web.page.moments import When, when

STATES = {
    "in_sync": "in sync",
    "pending": "pending",
    "parked": "parked",
    "conflict": "conflict",
    "held": "held",
    "drifted": "drifted",
    "orphaned": "orphaned",
    "deleting": "being deleted",
}


@dataclass(frozen=True, slots=True)
class Row:
    """``place`` is where it is in Vault, ``pick`` the value of its tick box; ``mark``
    is its state for style sheets, ``says`` the same in words."""

    place: str
    url: str
    pick: str
    rule: str
    mark: str
    says: str
    cause: str
    detail: str
    since: When | None
    version: str
    decision: str


def row(item: Mapping[str, Any], now: float) -> Row:
    """Of an item as the API lists it."""
    ref = SecretRef(item["namespace"], item["mount"], item["path"])
    version, decision = item["vault_version"], item["decision"]
    return Row(
        place=place(item),
        url=to_secret(ref),
        pick=picked(ref),
        rule=printable(item["rule"]),
        mark=str(item["state"]),
        says=STATES.get(str(item["state"]), printable(item["state"])),
        cause=printable(item["cause"] or ""),
        detail=printable(item["detail"]),
        since=when(item["since"], now),
        version="" if version is None else f"v{version}",
        decision="" if decision is None else printable(decision),
    )
