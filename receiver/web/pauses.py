"""``pause`` and ``resume``: for a while nothing is written to AWS.

Events go on to be taken and wait in the queue; both sides are still read. A pause
always has a reason and an end, because somebody else will find it at night.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from receiver.core.pause import LONGEST, Pause, lifted_by
from receiver.keyring import Token
from receiver.web.auth import requires
from receiver.web.bodies import read_order
from receiver.web.choice import check_rule
from receiver.web.deeds import write_down
from receiver.web.items import moment
from receiver.web.parts import Parts
from receiver.web.refusals import Refused
from vault_audit_forwarder.program.config_file import parse_duration

log = structlog.stdlib.get_logger(__name__)

FORMAT_VERSION = 1
_LONGEST_REASON = 300


class ResumeRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The body of resume. Without ``rule`` it is about all of them; ``all: true`` says
    the same."""

    rule: str | None = None
    all: bool = False
    dry_run: bool = False


class PauseRequest(ResumeRequest, frozen=True, kw_only=True, omit_defaults=True):
    """The body of pause. ``for`` is a duration, as in ``4h``."""

    reason: str
    for_: str = msgspec.field(name="for")


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/v1/pause")
    async def pause_it(
        request: Request, token: Annotated[Token, Depends(requires("admin"))]
    ) -> dict[str, Any]:
        wanted = await read_order(request, PauseRequest, seconds=parts.body_timeout)
        return await run_in_threadpool(pause, parts, wanted, token)

    @routes.post("/v1/resume")
    async def resume_it(
        request: Request, token: Annotated[Token, Depends(requires("admin"))]
    ) -> dict[str, Any]:
        wanted = await read_order(request, ResumeRequest, seconds=parts.body_timeout)
        return await run_in_threadpool(resume, parts, wanted, token)

    return routes


def pause(parts: Parts, wanted: PauseRequest, by: Token) -> dict[str, Any]:
    """Nothing is written under the rule any more when it returns. Raises Refused,
    JournalUnavailable, and QueueUnavailable: the pause stands then."""
    _check(parts, wanted)
    now = parts.now()
    made = Pause(
        rule=wanted.rule,
        reason=_reason(wanted.reason),
        by=by.name,
        since=now,
        until=now + _seconds(wanted.for_),
    )
    is_quiet = True
    if not wanted.dry_run:
        write_down(parts, by, "pause", wanted)
        is_quiet = parts.pauses.begin(made)
        log.warning("paused", rule=wanted.rule, seconds=round(made.until - now))
    return {
        "format_version": FORMAT_VERSION,
        "pause": _item(made),
        "paused": paused(parts),
        "still_writing": not is_quiet,
        "dry_run": wanted.dry_run,
    }


def resume(parts: Parts, wanted: ResumeRequest, by: Token) -> dict[str, Any]:
    """What was paused goes on, and what waited goes out at once. Raises Refused,
    JournalUnavailable, and QueueUnavailable."""
    _check(parts, wanted)
    lifted = lifted_by(parts.pauses.standing(), wanted.rule)
    if lifted and not wanted.dry_run:
        write_down(parts, by, "resume", wanted)
        lifted = parts.pauses.end(wanted.rule)
        log.warning("resumed", rule=wanted.rule)
    return {
        "format_version": FORMAT_VERSION,
        "resumed": [_item(one) for one in lifted],
        "paused": paused(parts),
        "dry_run": wanted.dry_run,
    }


def paused(parts: Parts) -> list[dict[str, Any]]:
    """Every pause that stands, that of all rules (``rule`` null) first."""
    return [_item(one) for one in parts.pauses.standing()]


def _item(pause: Pause) -> dict[str, Any]:
    return {
        "rule": pause.rule,
        "reason": pause.reason,
        "by": pause.by,
        "since": moment(pause.since),
        "until": moment(pause.until),
    }


def _check(parts: Parts, wanted: ResumeRequest) -> None:
    if wanted.rule is not None and wanted.all:
        raise Refused(422, "choose a rule or all of them, not both", field="all")
    check_rule(parts, wanted.rule)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or not reason.isprintable() or len(reason) > _LONGEST_REASON:
        says = f"must be one line of at most {_LONGEST_REASON} characters"
        raise Refused(422, says, field="reason")
    return reason


def _seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise Refused(422, str(error), field="for") from None
    if not 1 <= seconds <= LONGEST:
        days = LONGEST / 86_400
        raise Refused(422, f"must be between 1s and {days:.0f}d", field="for")
    return seconds
