"""What people do on the page: come, go, and the same orders that the API takes.

Each order is carried out by the code behind its API route and is written down with the
token's name. What concerns more than one secret, or cannot be taken back, is shown with
its number first and done on a second click.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from receiver.core.state import SecretRef
from receiver.keyring import Token
from receiver.terminal.words import counted
from receiver.web.auth import LOGIN, find_token, requires
from receiver.web.choice import Order
from receiver.web.orders import ADOPT, RETRY, Ordered, Verb
from receiver.web.page.desk import Desk
from receiver.web.page.forms import Form, read_form, way_back, whole_number
from receiver.web.page.links import picked, to_secret
from receiver.web.refusals import Refused
from receiver.web.session import COOKIE, LASTS, seal
from receiver.web.sync import SyncRequest, ask_for

_DONE = {"retry": "queued to be tried again", "adopt": "queued to be taken over"}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(route_class=desk.route_class())
    parts = desk.parts

    @routes.get(LOGIN)
    def login(request: Request) -> Response:
        wanted = way_back(request.query_params.get("next", ""))
        return desk.show(request, "login.html", wanted=wanted, failed=False)

    @routes.post(LOGIN)
    async def log_in(request: Request) -> Response:
        form = await read_form(request, seconds=parts.body_timeout)
        wanted = way_back(form.one("next"))
        tokens = await run_in_threadpool(parts.tokens)
        token = find_token(f"Bearer {form.one('token').strip()}", tokens)
        if token is None:
            return desk.show(request, "login.html", 401, wanted=wanted, failed=True)
        answer = RedirectResponse(wanted, 303)
        _set_cookie(answer, request, seal(token, parts.now()), LASTS)
        return answer

    @routes.post("/logout")
    async def log_out(request: Request) -> Response:
        answer = RedirectResponse(LOGIN, 303)
        _set_cookie(answer, request, "", 0)
        return answer

    @routes.post("/sync")
    async def sync(
        request: Request, by: Annotated[Token, Depends(requires("sync"))]
    ) -> Response:
        form = await read_form(request, seconds=parts.body_timeout)
        ref = _chosen(form)[0]
        asked = SyncRequest(namespace=ref.namespace, mount=ref.mount, path=ref.path)
        await run_in_threadpool(ask_for, parts, asked, by)
        return RedirectResponse(f"{to_secret(ref)}&did=sync", 303)

    for verb in (RETRY, ADOPT):
        _add_order(routes, desk, verb)
    return routes


def notice(query: Mapping[str, str]) -> str:
    """What has just been done, as the address tells it after an order."""
    did, count = query.get("did", ""), query.get("count", "")
    if did == "sync":
        return "Queued: a worker compares both sides of it now."
    if did in _DONE and (number := whole_number(count)) is not None:
        return f"{counted(number, 'secret')} {_DONE[did]}."
    return ""


def _add_order(routes: APIRouter, desk: Desk, verb: Verb) -> None:
    @routes.post(f"/{verb.name}")
    async def order_it(
        request: Request, token: Annotated[Token, Depends(requires("admin"))]
    ) -> Response:
        form = await read_form(request, seconds=desk.parts.body_timeout)
        orders = _orders_of(form)
        is_sure = form.one("sure") == "yes" or (verb is RETRY and not form.one("cause"))
        count = await run_in_threadpool(
            _carry_out, desk, verb, orders, token, dry_run=not is_sure
        )
        if is_sure:
            return RedirectResponse(_after(verb, orders, count), 303)
        return desk.show(
            request,
            "confirm.html",
            verb=verb.name,
            cause=form.one("cause"),
            picks=[picked(ref) for ref in form.secrets()],
            count=count,
        )


def _carry_out(
    desk: Desk, verb: Verb, orders: list[Order], by: Token, *, dry_run: bool
) -> int:
    """How many secrets they were about. One that can no longer be ordered about does
    not keep the others from their turn; alone it is refused."""
    count, refused = 0, None
    for order in orders:
        asked = msgspec.structs.replace(order, dry_run=dry_run)
        try:
            count += Ordered(desk.parts, verb, asked, by).carry_out()["count"]
        except Refused as error:
            refused = error
    if refused is not None and not count:
        raise refused
    return count


def _orders_of(form: Form) -> list[Order]:
    if cause := form.one("cause"):
        return [Order(cause=cause)]
    return [
        Order(namespace=ref.namespace, mount=ref.mount, path=ref.path)
        for ref in _chosen(form)
    ]


def _chosen(form: Form) -> list[SecretRef]:
    chosen = form.secrets()
    if not chosen:
        raise Refused(422, "no secret was ticked")
    return chosen


def _after(verb: Verb, orders: list[Order], count: int) -> str:
    done = urlencode({"did": verb.name, "count": count})
    first = orders[0]
    if len(orders) > 1 or first.path is None or first.mount is None:
        return f"/?{done}"
    ref = SecretRef(first.namespace or "", first.mount, first.path)
    return f"{to_secret(ref)}&{done}"


def _set_cookie(answer: Response, request: Request, value: str, lasts: int) -> None:
    # Behind a proxy that speaks https for us, only the browser knows that it does.
    origin = request.headers.get("origin", "")
    is_https = "https" in (request.url.scheme, urlsplit(origin).scheme)
    answer.set_cookie(
        COOKIE, value, max_age=lasts, httponly=True, samesite="lax", secure=is_https
    )
