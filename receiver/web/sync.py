"""``sync``: replicate one secret now, and wait until a version is in AWS.

It asks for a look with doubt: somebody who asks wants AWS itself looked at, not what
the journal believes of it. Who waits is woken at the end of each round for the secret,
and judges for itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from receiver.core.rules import rules_for
from receiver.core.state import Hint, State
from receiver.keyring import Token
from receiver.places import Spot, survey
from receiver.web.arrival import Answer, Goal, held_up, judge
from receiver.web.auth import requires
from receiver.web.bodies import read_order
from receiver.web.deeds import write_down
from receiver.web.parts import Parts
from receiver.web.references import Finder
from receiver.web.refusals import Refused
from vault_audit_forwarder.program.config_file import parse_duration

_MAX_WAIT = 60.0
_MOST_VERSIONS = 2**53


class SyncRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The body: which secret, and which version of it at least. Without ``mount``,
    ``path`` is MOUNT/PATH."""

    path: str
    mount: str | None = None
    namespace: str = ""
    version: Annotated[int, msgspec.Meta(ge=1, le=_MOST_VERSIONS)] | None = None


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/v1/secrets/sync")
    async def sync(
        request: Request,
        token: Annotated[Token, Depends(requires("sync"))],
        wait: str = "",
    ) -> JSONResponse:
        seconds = _seconds(wait)
        wanted = await read_order(request, SyncRequest, seconds=parts.body_timeout)
        goal = await run_in_threadpool(ask_for, parts, wanted, token)
        if seconds:
            return await _wait_for(parts, goal, seconds)
        place = {"Location": _location(goal, wait)}
        return JSONResponse(_queued(parts, goal), 202, headers=place)

    @routes.get("/v1/secrets/one", dependencies=[Depends(requires("read"))])
    async def one(
        path: str,
        mount: str | None = None,
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
        seconds = _seconds(wait)
        goal = await run_in_threadpool(_goal, parts, wanted)
        return await _wait_for(parts, goal, seconds)

    return routes


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
    # Before the entries: work that ends in between must not look undone.
    failing = parts.queue.pending(goal.ref)
    known = parts.journal.known(goal.ref)
    spots = survey(goal.ref, parts.rules(), parts.source_name, known).spots
    if not spots:
        raise Refused(404, "no rule replicates this secret")
    answers = [_judge_spot(parts, goal, spot, failing) for spot in spots]
    return max(answers, key=lambda answer: (not answer.final, answer.status))


def _judge_spot(parts: Parts, goal: Goal, spot: Spot, failing: str | None) -> Answer:
    rule, problem = spot.place.rule.name, spot.problem
    if problem is None:
        answer = judge(goal, rule, spot.entry, failing)
        pause = None if answer.final else parts.pauses.of(rule, goal.ref)
        return answer if pause is None else held_up(answer, pause)
    # No round can change a name that AWS cannot hold.
    stopped = replace(
        spot.entry or spot.blank(State.PARKED),
        state=State.PARKED,
        cause=problem.cause,
        detail=problem.detail,
    )
    return judge(goal, rule, stopped, None)


def ask_for(parts: Parts, wanted: SyncRequest, by: Token) -> Goal:
    """Durably queue what is wanted; returns what to wait for. Raises Refused, and
    QueueUnavailable and JournalUnavailable."""
    goal = _goal(parts, wanted)
    if not rules_for(parts.rules(), goal.ref):
        raise Refused(404, "no rule replicates this secret")
    write_down(parts, by, "sync", wanted)
    parts.queue.add([Hint(ref=goal.ref, version=goal.version, doubt=True)])
    return goal


def _queued(parts: Parts, goal: Goal) -> dict[str, Any]:
    body = {"state": State.PENDING}
    for rule in rules_for(parts.rules(), goal.ref):
        if pause := parts.pauses.of(rule.name, goal.ref):
            return held_up(Answer(202, body), pause).body
    return body


def _goal(parts: Parts, wanted: SyncRequest) -> Goal:
    since = parts.now()
    finder = Finder(parts.source, parts.journal, parts.rules())
    ref = finder.find(namespace=wanted.namespace, mount=wanted.mount, path=wanted.path)
    return Goal(ref, wanted.version, since)


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
