"""``plan`` and ``reconcile``: compare both sides, and bring about what differs.

A plan changes nothing. A run goes on by itself once it was asked for; who asked
follows it at its address.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from receiver.core.causes import ReplicationError
from receiver.core.scope import Scope
from receiver.core.wish import UnknownPlan, Wish
from receiver.keyring import Token
from receiver.web.auth import requires
from receiver.web.bodies import read_order
from receiver.web.choice import check_rule
from receiver.web.deeds import write_down
from receiver.web.parts import Parts
from receiver.web.pauses import paused
from receiver.web.references import bare, named
from receiver.web.refusals import LATER, Refused
from receiver.web.remedies import remedy


class PlanRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The body of a plan: what to compare; nothing is everything. ``path`` is a glob
    over NAMESPACE/MOUNT/PATH, or over the path inside the mount."""

    rule: str | None = None
    path: str | None = None
    mount: str | None = None
    namespace: str | None = None


class RunRequest(PlanRequest, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a reconcile."""

    if_plan: str | None = None
    force: bool = False
    prune: bool = False


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    # A comparison takes a thread and much reading: the others wait without one.
    turn = asyncio.Semaphore(1)

    @routes.post("/v1/plan", dependencies=[Depends(requires("read"))])
    async def plan(request: Request) -> JSONResponse:
        wanted = await read_order(request, PlanRequest, seconds=parts.body_timeout)
        async with turn:
            return await run_in_threadpool(_plan, parts, wanted)

    @routes.post("/v1/reconcile")
    async def reconcile(
        request: Request, token: Annotated[Token, Depends(requires("admin"))]
    ) -> JSONResponse:
        wanted = await read_order(request, RunRequest, seconds=parts.body_timeout)
        run_id = await run_in_threadpool(_begin, parts, wanted, token)
        place = {"Location": f"/v1/reconcile/{run_id}"}
        return JSONResponse({"run_id": run_id}, 202, headers=place)

    @routes.get("/v1/reconcile/{run_id}", dependencies=[Depends(requires("read"))])
    def run(run_id: str) -> dict[str, Any]:
        if (progress := parts.comparisons.run(run_id)) is None:
            raise Refused(404, "there is no such run, or none any more")
        return progress

    return routes


def _plan(parts: Parts, wanted: PlanRequest) -> JSONResponse:
    """Written out here and not on the event loop: it may be long."""
    scope = _scope(parts, wanted)
    try:
        return JSONResponse(_with_pauses(parts.comparisons.plan(scope), paused(parts)))
    except ReplicationError as error:
        why = {"cause": error.cause, **remedy(error.cause)}
        raise Refused(503, error.detail, headers=LATER, **why) from error


def _with_pauses(plan: dict[str, Any], pauses: list[dict[str, Any]]) -> dict[str, Any]:
    """Who carries it out should know that it will wait."""
    if not pauses:
        return plan
    warnings = [
        f"{one['rule'] or 'every rule'} is paused until {one['until']} by {one['by']}: "
        "nothing is written before"
        for one in pauses
    ]
    return {**plan, "warnings": [*plan.get("warnings", ()), *warnings]}


def _begin(parts: Parts, wanted: RunRequest, by: Token) -> str:
    if wanted.force and wanted.if_plan is None:
        says = "force does exactly what a plan holds back: give if_plan too"
        raise Refused(422, says, field="force")
    wish = Wish(
        scope=_scope(parts, wanted),
        if_plan=wanted.if_plan,
        force=wanted.force,
        prune=wanted.prune,
        by=by.name,
    )
    try:
        run_id = parts.comparisons.request(wish)
    except UnknownPlan:
        says = "there is no such plan, or it is over a day old: make it anew"
        raise Refused(409, says, field="if_plan") from None
    # Only now is it sure that something is done; a run does not outlive the process.
    write_down(parts, by, "reconcile", wanted)
    return run_id


def _scope(parts: Parts, wanted: PlanRequest) -> Scope:
    check_rule(parts, wanted.rule)
    namespace, mount, path = wanted.namespace, wanted.mount, wanted.path
    return Scope(
        rule=wanted.rule,
        namespace=None if namespace is None else bare("namespace", namespace),
        mount=None if mount is None else named("mount", mount),
        path=None if path is None else named("path", path),
    )
