"""The addresses of the page. What it shows is read from queue and journal alone; Vault
and AWS are asked when somebody wants a secret explained.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from receiver.core.state import Entry, SecretRef, State
from receiver.places import survey
from receiver.ports import Deed
from receiver.terminal.words import note, printable
from receiver.web.auth import requires
from receiver.web.deeds import item
from receiver.web.items import full
from receiver.web.listing import Wanted, look_up
from receiver.web.page import acting
from receiver.web.page.desk import Desk
from receiver.web.page.explanation import Explain, explanation
from receiver.web.page.forms import whole_number
from receiver.web.page.home import home
from receiver.web.page.lag import HEIGHT, WIDTH, describe_lag
from receiver.web.page.links import to_list, to_secret
from receiver.web.page.moments import when
from receiver.web.page.rows import STATES, row
from receiver.web.page.secret import Known, is_about, view
from receiver.web.parts import Parts
from receiver.web.references import bare, named
from receiver.web.refusals import Refused
from receiver.web.status import describe

#: Of secrets, and of orders.
_PAGE = 200
_RECENT_ORDERS = 5
#: Among so many of the latest orders those about one secret are looked for.
_SEARCHED = 1000
_DAY = 86_400.0


def router(parts: Parts, explain: Explain) -> APIRouter:
    """The routes. Those that only read are plain functions, so they run in threads."""
    desk = Desk(parts)
    kind = desk.route_class()
    read = APIRouter(route_class=kind, dependencies=[Depends(requires("read"))])

    @read.get("/")
    def first(request: Request) -> Response:
        return desk.show(request, "home.html", **_home(parts, request))

    @read.get("/secrets")
    def secrets(request: Request) -> Response:
        return desk.show(request, "secrets.html", **_list(parts, request))

    @read.get("/secret")
    def secret(request: Request) -> Response:
        return desk.show(request, "secret.html", **_secret(parts, request))

    @read.get("/explain")
    def explained(request: Request) -> Response:
        given = _explained(parts, explain, request)
        return desk.show(request, "explain.html", **given)

    @read.get("/orders")
    def orders(request: Request) -> Response:
        return desk.show(request, "orders.html", **_orders(parts, request))

    @read.get("/configuration")
    def configuration(request: Request) -> Response:
        lines = parts.configuration()
        return desk.show(request, "configuration.html", lines=lines)

    routes = APIRouter(route_class=kind)
    routes.include_router(acting.router(desk))
    routes.include_router(read)

    @routes.get("/static/{name}")
    def static(name: str) -> Response:
        if (file := desk.static(name)) is None:
            raise Refused(404, "there is nothing here")
        return file

    whole = APIRouter(include_in_schema=False)
    whole.include_router(routes)
    return whole


def _home(parts: Parts, request: Request) -> dict[str, Any]:
    now, status = parts.now(), describe(parts)
    lag = describe_lag(
        status["lag"], parts.metrics.lags(), now=now, started=parts.began
    )
    deeds = parts.journal.deeds(before=None, limit=_RECENT_ORDERS)
    return {
        "home": home(status, parts.reconciles(), now),
        "lag": lag,
        "size": (WIDTH, HEIGHT),
        "gaps": parts.journal.gaps(),
        "orders": [_order(deed, now) for deed in deeds],
        "notice": acting.notice(request.query_params),
    }


def _list(parts: Parts, request: Request) -> dict[str, Any]:
    query = request.query_params
    state, rule, text = (query.get(name) or None for name in ("state", "rule", "q"))
    if state is not None and state not in set(State):
        raise Refused(422, "is no state", field="state")
    wanted = Wanted(rule, text, query.get("after") or None, _PAGE)
    page, following = look_up(parts, State(state) if state else None, wanted)
    now, before = parts.now(), whole_number(query.get("before", "")) or 0
    chosen = {"state": state, "rule": rule, "q": text}
    until = before + len(page)
    more = to_list(**chosen, after=following, before=until) if following else None
    return {
        "rows": [row(full(entry), now) for entry in page],
        "first": before + 1,
        "last": until,
        "total": None if text else _total(parts, state, rule),
        "more": more,
        "start": to_list(**chosen) if wanted.after else None,
        "chosen": chosen,
        "states": STATES,
        "rules": _rule_names(parts),
        "notice": acting.notice(query),
    }


def _total(parts: Parts, state: str | None, rule: str | None) -> int | None:
    """How many there are in all, where that is known without counting them."""
    if state == State.PENDING:
        return None if rule else parts.queue.backlog().pending
    return sum(
        count
        for (name, there), count in parts.journal.counts().items()
        if rule in (None, name) and state in (None, there)
    )


def _rule_names(parts: Parts) -> list[str]:
    """Of today, and of those that left something behind."""
    names = [rule.name for rule in parts.rules()]
    return list(dict.fromkeys([*names, *(rule for rule, _ in parts.journal.counts())]))


def _secret(parts: Parts, request: Request) -> dict[str, Any]:
    ref = _asked(request)
    # Before the entries: work that ends in between must not look undone.
    failing = parts.queue.pending(ref)
    entries = parts.journal.known(ref)
    seen = survey(ref, parts.rules(), parts.source_name, entries)
    now = parts.now()
    known = Known(failing, _made(parts, entries, now), _deeds_about(parts, ref))
    return {
        "secret": view(ref, seen, known, links=parts.links, now=now),
        "explain_at": to_secret(ref).replace("/secret?", "/explain?", 1),
        "notice": acting.notice(request.query_params),
    }


def _explained(parts: Parts, explain: Explain, request: Request) -> dict[str, Any]:
    ref = _asked(request)
    document = explain(namespace=ref.namespace, mount=ref.mount, path=ref.path)
    told = explanation(document, parts.now())
    return {"place": printable(ref), "told": told, "back": to_secret(ref)}


def _asked(request: Request) -> SecretRef:
    """The secret that the address names. Raises Refused."""
    query = request.query_params
    return SecretRef(
        bare("namespace", query.get("namespace", "")),
        named("mount", query.get("mount", "")),
        named("path", query.get("path", "")),
    )


def _made(parts: Parts, entries: list[Entry], now: float) -> dict[str, list[float]]:
    return {
        entry.rule: parts.journal.versions_made(entry.ref, entry.rule, now - _DAY)
        for entry in entries
    }


def _deeds_about(parts: Parts, ref: SecretRef) -> list[Deed]:
    deeds = parts.journal.deeds(before=None, limit=_SEARCHED)
    return [deed for deed in deeds if is_about(deed, ref)]


def _orders(parts: Parts, request: Request) -> dict[str, Any]:
    before = whole_number(request.query_params.get("before", "")) or None
    deeds = parts.journal.deeds(before=before, limit=_PAGE + 1)
    now = parts.now()
    more = deeds[_PAGE - 1].number if len(deeds) > _PAGE else None
    return {"orders": [_order(deed, now) for deed in deeds[:_PAGE]], "more": more}


def _order(deed: Deed, now: float) -> dict[str, Any]:
    about = item(deed)["about"]
    said = ", ".join(f"{key}: {value}" for key, value in about.items() if value)
    return {
        "at": when(deed.at, now),
        "by": printable(deed.by),
        "what": deed.what,
        "about": note(said),
    }
