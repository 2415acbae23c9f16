"""``sync``: replicate one secret now, and wait until a version is in AWS.

Waiting is for a version, not for a state: "in sync" alone would be true of the one
before. Without a version it is for a round that began after the request, and such a
round reads what is current then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from receiver.core.rules import rules_for
from receiver.core.state import Entry, Hint, SecretRef, State
from receiver.ports import JournalUnavailable, QueueUnavailable
from receiver.web.auth import requires
from receiver.web.bodies import read_body
from receiver.web.parts import Parts
from receiver.web.refusals import Refused
from receiver.web.remedies import remedy_of
from vault_audit_forwarder.program.config_file import parse_duration

_MAX_WAIT = 60.0
_MAX_BODY = 64 * 1024
_MOST_VERSIONS = 2**53
_STOPPED = (State.PARKED, State.CONFLICT, State.HELD)
_AWAY = (State.DELETING, State.ORPHANED)


class SyncRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The body: which secret, and which version of it at least."""

    mount: str
    path: str
    namespace: str = ""
    version: Annotated[int, msgspec.Meta(ge=1, le=_MOST_VERSIONS)] | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What is waited for: ``version`` or a newer one (None: what is current at
    ``since``, in epoch seconds) of ``ref`` in AWS."""

    ref: SecretRef
    version: int | None
    since: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and its body; ``final`` when waiting cannot change it."""

    status: int
    body: dict[str, Any]
    final: bool = True


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/v1/secrets/sync", dependencies=[Depends(requires("sync"))])
    async def sync(request: Request, wait: str = "") -> JSONResponse:
        seconds = _seconds(wait)
        body = await read_body(request, limit=_MAX_BODY, seconds=parts.body_timeout)
        goal = _goal(_decode(body), parts.now())
        await run_in_threadpool(_queue, parts, goal)
        if seconds:
            return await _wait_for(parts, goal, seconds)
        place = {"Location": _location(goal, wait)}
        return JSONResponse({"state": State.PENDING}, 202, headers=place)

    @routes.get("/v1/secrets/one", dependencies=[Depends(requires("read"))])
    async def one(
        mount: str,
        path: str,
        namespace: str = "",
        version: Annotated[str, Query(pattern=r"^(?:[1-9][0-9]{0,15})?$")] = "",
        wait: str = "",
    ) -> JSONResponse:
        wanted = SyncRequest(
            mount=mount,
            path=path,
            namespace=namespace,
            version=int(version) if version else None,
        )
        return await _wait_for(parts, _goal(wanted, parts.now()), _seconds(wait))

    return routes


def judge(goal: Goal, rule: str, entry: Entry | None, failing: str | None) -> Answer:
    """What can be said of ``goal`` under one rule.

    ``failing`` is the cause of the last failure while the reference is queued, None
    when it is not.
    """
    about = {"rule": rule, **_describe(entry)}
    if failing is not None and not _is_there(goal, entry, queued=True):
        waiting = {**about, "state": State.PENDING, "cause": failing or None}
        return Answer(202, waiting, final=False)
    if entry is None:
        return Answer(404, {"error": "Vault holds no such secret", **about})
    if entry.state in _STOPPED:
        return Answer(409, {"error": "somebody must act", **about, **remedy_of(entry)})
    if entry.state in _AWAY:
        if goal.version is None:
            return Answer(200, about)
        return Answer(409, {"error": "Vault has deleted it since", **about})
    if _is_there(goal, entry, queued=failing is not None):
        return Answer(200, about)
    return Answer(202, {**about, "state": State.PENDING}, final=False)


def _is_there(goal: Goal, entry: Entry | None, *, queued: bool) -> bool:
    """While the reference is queued, only a round that ended since the request tells
    anything, and only of a version: it may have begun before."""
    if entry is None or entry.state is not State.IN_SYNC:
        return False
    if queued and (goal.version is None or entry.checked_at < goal.since):
        return False
    if goal.version is None or entry.version is None:
        return True  # KV v1 has no versions; what is in sync is the only one there is
    return entry.version >= goal.version


def _describe(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {"state": None}
    return {
        "state": entry.state,
        "name": entry.name,
        "version": entry.version,
        "version_id": entry.version_id,
        "lag_seconds": entry.lag,
        "cause": entry.cause,
    }


async def _wait_for(parts: Parts, goal: Goal, seconds: float) -> JSONResponse:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    with parts.outcomes.watching(goal.ref) as round_ended:
        while True:
            round_ended.clear()
            answer = await run_in_threadpool(_look, parts, goal)
            if answer.final or loop.time() >= deadline:
                break
            try:
                async with asyncio.timeout_at(deadline):
                    await round_ended.wait()
            except TimeoutError:
                continue  # one last look
    if answer.status == 202 and seconds:
        late = {"error": "it is not yet in AWS", **answer.body}
        return JSONResponse(late, 504)
    return JSONResponse(answer.body, answer.status)


def _look(parts: Parts, goal: Goal) -> Answer:
    """The least favourable answer of all rules that replicate the secret."""
    rules = rules_for(parts.rules(), goal.ref)
    if not rules:
        raise Refused(404, "no rule replicates this secret")
    try:
        # Before the entries: work that ends in between must not look undone.
        failing = parts.queue.pending(goal.ref)
        answers = [
            judge(goal, rule.name, parts.journal.get(goal.ref, rule.name), failing)
            for rule in rules
        ]
    except (QueueUnavailable, JournalUnavailable) as error:
        raise Refused(503, "the state cannot be read now") from error
    return max(answers, key=lambda answer: (not answer.final, answer.status))


def _queue(parts: Parts, goal: Goal) -> None:
    if not rules_for(parts.rules(), goal.ref):
        raise Refused(404, "no rule replicates this secret")
    try:
        parts.queue.add([Hint(ref=goal.ref, version=goal.version)])
    except QueueUnavailable as error:
        later = {"Retry-After": "5"}
        raise Refused(503, "this cannot be queued now", headers=later) from error


def _decode(body: bytes) -> SyncRequest:
    try:
        return msgspec.json.decode(body, type=SyncRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = ", ".join(SyncRequest.__struct_fields__)
        raise Refused(422, f"the body must be a JSON object of {fields}") from None


def _goal(wanted: SyncRequest, now: float) -> Goal:
    ref = SecretRef(
        _place("namespace", wanted.namespace),
        _place("mount", wanted.mount),
        _place("path", wanted.path),
    )
    for field in ("mount", "path"):
        if not getattr(ref, field):
            raise Refused(422, "must not be empty", field=field)
    return Goal(ref, wanted.version, now)


def _place(field: str, text: str) -> str:
    """Without slashes at its ends, which people write and Vault does."""
    bare = text.strip("/")
    odd = {"", ".", ".."}.intersection(bare.split("/")) if bare else False
    if odd or any(ord(char) < 0x20 or ord(char) == 0x7F for char in bare):
        says = "holds an empty segment, '.', '..' or a control character"
        raise Refused(422, says, field=field)
    return bare


def _seconds(wait: str) -> float:
    try:
        seconds = parse_duration(wait) if wait else 0.0
    except ValueError as error:
        raise Refused(422, str(error), field="wait") from None
    if seconds > _MAX_WAIT:
        raise Refused(422, f"must be at most {_MAX_WAIT:.0f}s", field="wait")
    return seconds


def _location(goal: Goal, wait: str) -> str:
    query = {
        "namespace": goal.ref.namespace,
        "mount": goal.ref.mount,
        "path": goal.ref.path,
        "version": goal.version or "",
        "wait": wait or "50s",
    }
    return f"/v1/secrets/one?{urlencode(query)}"
