"""Entries of one mount, for the tests of the journal."""

from __future__ import annotations

from dataclasses import replace

from receiver.core.state import Entry, SecretRef, State

REF = SecretRef("team", "kv/app", "a")


def entry(path: str = "a", rule: str = "r", **more: object) -> Entry:
    """In sync under the name ``kv/`` and its path, save what is said otherwise."""
    given = {"region": "eu-central-1", "name": f"kv/{path}", "state": State.IN_SYNC}
    return Entry(ref=replace(REF, path=path), rule=rule, **given | more)
