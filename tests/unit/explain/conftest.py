"""Snapshots of one secret, with good defaults: everything is as it should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from receiver.core.fingerprint import MANAGED_BY, PATH, SOURCE, US
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Entry, Observed, SecretRef, State, Value
from receiver.explain.snapshot import Listener, Look, Snapshot
from receiver.places import survey
from receiver.ports import Standing

NOW = 1_795_428_000.0  # 2026-11-23T10:00:00Z
CREATED = "2026-11-23T09:59:00.5Z"
WRITTEN = NOW - 59.5
REGION = "eu-central-1"
VAULT = "vault-prod"
RULE = Rule(
    name="hybrid", mount="kv", exclude=("tmp/**",), target=TargetSpec(region=REGION)
)
REF = SecretRef("", "kv", "app/db")
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:kv/app/db-AbCdEf"
VALUE = Value("", 7, CREATED)


def entry(**given: Any) -> Entry:
    """What the journal holds: v7, in sync."""
    usual = Entry(
        ref=REF,
        rule="hybrid",
        region=REGION,
        name="kv/app/db",
        state=State.IN_SYNC,
        state_since=NOW - 58,
        arn=ARN,
        version=7,
        created_time=CREATED,
        version_id="v7-abc",
        applied_at=NOW - 59,
        checked_at=NOW - 59,
        lag=0.22,
    )
    return replace(usual, **given)


def observed(**given: Any) -> Observed:
    """What AWS holds: ours, v7."""
    tags = {MANAGED_BY: US, SOURCE: VAULT, PATH: "kv/app/db"}
    usual = Observed(ARN, tags, {"v7-abc": ("AWSCURRENT",)}, changed_at=NOW - 59)
    return replace(usual, **given)


def queued(**given: Any) -> Standing:
    """In the queue, due now, never failed."""
    usual = Standing(
        ref=REF,
        unresolved=False,
        cause="",
        detail="",
        attempts=0,
        since=NOW - 1,
        parked=False,
        due=NOW - 1,
    )
    return replace(usual, **given)


def listener(**given: Any) -> Listener:
    """A forwarder that beats and hears."""
    usual = Listener(
        name="vault-1", source=VAULT, last_seen=NOW - 4, last_entry=NOW - 5
    )
    return replace(usual, **given)


_OF_PLACE = {"account": None, "writes_waiting": 0}


def snapshot(**given: Any) -> Snapshot:
    """Everything in sync. ``entry``, ``aws``, ``account`` and ``writes_waiting`` are
    of the place; the rest are fields of the snapshot."""
    ref, rules = given.setdefault("ref", REF), given.setdefault("rules", (RULE,))
    held = given.pop("entry", entry())
    seen = survey(ref, rules, VAULT, [held] if held else [])
    of_place = {
        name: given.pop(name, usual)
        for name, usual in {"aws": observed(), **_OF_PLACE}.items()
    }
    looks = tuple(Look(spot=spot, **of_place) for spot in seen.spots)
    usual: dict[str, Any] = {
        "now": NOW,
        "source": VAULT,
        "vault": VALUE,
        "looks": looks,
        "left_behind": seen.left_behind,
        "listeners": (listener(),),
    }
    return Snapshot(**usual | given)
