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

from receiver.core.pause import LONGEST, Pause, Subject, lifted_by
from receiver.keyring import Token
from receiver.web.auth import requires
from receiver.web.bodies import read_order
from receiver.web.choice import check_rule
from receiver.web.deeds import write_down
from receiver.web.items import moment
from receiver.web.parts import Parts
from receiver.web.references import Finder
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
    """The body of resume. Without ``rule`` and ``path`` it is about all; ``all: true``
    says the same. Without ``mount``, ``path`` is MOUNT/PATH."""

    rule: str | None = None
    path: str | None = None
    mount: str | None = None
    namespace: str | None = None
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
    """Nothing that it is about is written any more when it returns. Raises Refused,
    JournalUnavailable, and QueueUnavailable: the pause stands then."""
    rule, ref = _subject(parts, wanted)
    now = parts.now()
    made = Pause(
        rule=rule,
        ref=ref,
        reason=_reason(wanted.reason),
        by=by.name,
        since=now,
        until=now + _seconds(wanted.for_),
    )
    is_quiet = True
    if not wanted.dry_run:
        write_down(parts, by, "pause", wanted)
        is_quiet = parts.pauses.begin(made)
        seconds = round(made.until - now)
        log.warning("paused", rule=rule, ref=ref and str(ref), seconds=seconds)
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
    subject = _subject(parts, wanted)
    lifted = lifted_by(parts.pauses.standing(), subject)
    if lifted and not wanted.dry_run:
        write_down(parts, by, "resume", wanted)
        lifted = parts.pauses.end(subject)
        rule, ref = subject
        log.warning("resumed", rule=rule, ref=ref and str(ref))
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
    ref = pause.ref
    return {
        "rule": pause.rule,
        "namespace": ref and ref.namespace,
        "mount": ref and ref.mount,
        "path": ref and ref.path,
        "reason": pause.reason,
        "by": pause.by,
        "since": moment(pause.since),
        "until": moment(pause.until),
    }


def _subject(parts: Parts, wanted: ResumeRequest) -> Subject:
    """What it is about. Raises Refused."""
    if wanted.all and (wanted.rule or wanted.path):
        raise Refused(422, "choose a rule, a path or all, not both", field="all")
    if wanted.path is None and (wanted.mount or wanted.namespace):
        raise Refused(422, "must be there beside mount and namespace", field="path")
    check_rule(parts, wanted.rule)
    if wanted.path is None:
        return wanted.rule, None
    finder = Finder(parts.source, parts.journal, parts.rules())
    return wanted.rule, finder.find(
        namespace=wanted.namespace or "", mount=wanted.mount, path=wanted.path
    )


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
