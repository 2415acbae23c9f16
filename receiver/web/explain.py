"""``GET /v1/explain``: why a secret is, or is not, where it should be.

Evidence is gathered here, thinly: rules, journal, queue and heartbeats are at hand, and
Vault and AWS are asked at the same time and not for long. What follows from it is
decided in :mod:`receiver.explain`. Nothing is changed.
"""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

from fastapi import APIRouter, Depends

from receiver.core.causes import ReplicationError
from receiver.core.state import Mount, Observed, SecretRef, Truth
from receiver.core.times import nanoseconds
from receiver.explain.asking import Asker, Patience, Question
from receiver.explain.document import explain
from receiver.explain.snapshot import (
    AwsSays,
    Listener,
    Look,
    Pause,
    Snapshot,
    Unasked,
    VaultSays,
)
from receiver.explain.witnesses import Witnesses
from receiver.places import Spot, survey
from receiver.ports import Deed, Standing
from receiver.web.auth import requires
from receiver.web.items import moment
from receiver.web.meaning import Meaning, meant
from receiver.web.parts import Parts
from receiver.web.references import Finder

#: As many of the latest orders are looked through for those about the secret.
_DEEDS = 500


def router(parts: Parts) -> APIRouter:
    """The route. It is a plain function, so it runs in a thread."""
    routes = APIRouter(dependencies=[Depends(requires("read"))])
    explainer = Explainer(parts)

    @routes.get("/v1/explain")
    def explain_one(
        path: str, mount: str | None = None, namespace: str = ""
    ) -> dict[str, Any]:
        return explainer.of(namespace=namespace, mount=mount, path=path)

    return routes


class Explainer:
    """Explains secrets of one receiver. Safe to use from several threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._asker = Asker()

    def of(self, *, namespace: str, mount: str | None, path: str) -> dict[str, Any]:
        """The document for the secret that is meant. Raises Refused,
        JournalUnavailable and QueueUnavailable."""
        parts, patience = self._parts, Patience(self._asker)
        finder = Finder(parts.source, parts.journal, parts.rules())

        @cache
        def mounts(inside: str) -> list[Mount] | ReplicationError | Unasked:
            asked: Question[list[Mount]] | Unasked = patience.begin(
                partial(parts.source.mounts, inside)
            )
            return patience.answer(asked)

        meaning = meant(mounts, finder, namespace=namespace, mount=mount, path=path)
        return explain(self._snapshot(meaning, patience))

    def _snapshot(self, meaning: Meaning, patience: Patience) -> Snapshot:
        parts, ref = self._parts, meaning.ref
        known = parts.journal.known(ref)
        seen = survey(ref, parts.rules(), parts.source_name, known)
        vault: Question[Truth] | Unasked = patience.begin(
            partial(parts.source.look, ref)
        )
        aws = [self._ask_aws(spot, patience) for spot in seen.spots]
        looks = [
            self._look(spot, question, patience)
            for spot, question in zip(seen.spots, aws, strict=True)
        ]
        says: VaultSays = patience.answer(vault)
        return Snapshot(
            ref=ref,
            now=parts.now(),
            source=parts.source_name,
            rules=parts.rules(),
            vault=says,
            looks=tuple(looks),
            queue=_standing(parts, ref),
            reading=meaning.reading,
            left_behind=seen.left_behind,
            pauses=_pauses(parts),
            listeners=_listeners(parts),
            other_sources=parts.unknown_sources.names(),
            deeds=_deeds(parts, ref, [spot.place.rule.name for spot in seen.spots]),
        )

    def _ask_aws(
        self, spot: Spot, patience: Patience
    ) -> Question[Observed | None] | Unasked:
        witnesses, place = self._parts.witnesses, spot.place
        if witnesses is None or not place.name:
            return Unasked("AWS is not asked" if place.name else "there is no name")
        return patience.begin(
            partial(witnesses.describe, place.rule.target, place.name)
        )

    def _look(
        self, spot: Spot, question: Question[Observed | None] | Unasked, time: Patience
    ) -> Look:
        says: AwsSays = time.answer(question)
        witnesses, spec = self._parts.witnesses, spot.place.rule.target
        if witnesses is None:
            return Look(spot=spot, aws=says)
        return Look(
            spot=spot,
            aws=says,
            account=_account(witnesses, spot, says, time),
            writes_waiting=witnesses.writes_waiting(spec),
        )


def _account(
    witnesses: Witnesses, spot: Spot, says: AwsSays, patience: Patience
) -> str | None:
    """Who answers, where what was written is not found or not shown."""
    was_written = spot.entry is not None and spot.entry.arn is not None
    if not was_written or isinstance(says, (Observed, Unasked)):
        return None
    account = patience.ask(partial(witnesses.account, spot.place.rule.target))
    return account if isinstance(account, str) else None


def _standing(parts: Parts, ref: SecretRef) -> Standing | None:
    """Of the secret, or of a request whose mount was not known yet."""
    paths = (ref.path, f"data/{ref.path}", f"metadata/{ref.path}")
    keys = [(ref, False)]
    keys += [(SecretRef(ref.namespace, ref.mount, path), True) for path in paths]
    found = (parts.queue.standing(key) for key in keys)
    return next((one for one in found if one is not None), None)


def _pauses(parts: Parts) -> tuple[Pause, ...]:
    """As the status shows them, so that both say the same."""
    return tuple(
        Pause(
            rule=one.rule,
            ref=one.ref,
            reason=one.reason,
            by=one.by,
            until=moment(one.until),
        )
        for one in parts.pauses.standing()
    )


def _listeners(parts: Parts) -> tuple[Listener, ...]:
    return tuple(
        Listener(
            name=one.name,
            source=one.source,
            last_seen=one.last_seen,
            last_entry=_epoch(one.last_entry_time),
        )
        for one in parts.forwarders.all()
    )


def _epoch(time: str | None) -> float | None:
    try:
        return None if time is None else nanoseconds(time) / 1e9
    except ValueError:
        return None  # a forwarder of another version may write it otherwise


def _deeds(parts: Parts, ref: SecretRef, rules: list[str]) -> tuple[Deed, ...]:
    deeds = parts.journal.deeds(before=None, limit=_DEEDS)
    return tuple(one for one in deeds if _concerns(one.about, ref, rules))


def _concerns(about: str, ref: SecretRef, rules: list[str]) -> bool:
    """Whether an order, as it was written down, was about this secret."""
    order = json.loads(about)
    path, mount = order.get("path"), (order.get("mount") or "").strip("/")
    if path is None:
        return bool(order.get("all")) or order.get("rule") in rules
    whole = "/".join(filter(None, (mount, str(path).strip("/"))))
    return whole in (f"{ref.mount}/{ref.path}", str(ref))
