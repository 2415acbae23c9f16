"""Who may use the API and the page, and what each token allows.

The gate stands before the routes, so that a stranger cannot even tell which paths
exist: all of ``/v1`` but the events answers 401 alike. Programs show a bearer token;
people show one once, and then the cookie of their session, which opens the page and
nothing of ``/v1``. A browser sends that cookie with any request that any page makes,
so what changes something must have been sent by a page of ours.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from receiver.keyring import Scope as TokenScope
from receiver.keyring import Token
from receiver.web.refusals import Refused
from receiver.web.session import COOKIE, unseal

EVENTS = "/v1/events"
LOGIN = "/login"
#: What a session opens.
PAGES = frozenset(
    (
        "/",
        "/adopt",
        "/configuration",
        "/logout",
        "/orders",
        "/retry",
        "/secret",
        "/secrets",
        "/sync",
    )
)

#: Each scope includes those before it.
_SCOPES: tuple[TokenScope, ...] = ("read", "sync", "admin")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Gate:
    """Lets a request to ``/v1`` pass with a known token, and one to the page with a
    session; remembers the token. ``now`` gives epoch seconds."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Callable[[], Sequence[Token]],
        now: Callable[[], float],
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer for the routes."""
        app: ASGIApp = self._app
        if scope["type"] == "http":
            if is_guarded(scope["path"]):
                app = await self._with_token(scope) or app
            elif scope["path"] in PAGES or scope["path"] == LOGIN:
                app = await self._with_session(scope) or app
        await app(scope, receive, send)

    async def _with_token(self, scope: Scope) -> Response | None:
        """An answer for who has none."""
        header = Headers(scope=scope).get("authorization", "")
        # Looking whether a token file changed is disk work.
        token = find_token(header, await run_in_threadpool(self._tokens))
        if token is None:
            body = {"error": "a known bearer token is needed"}
            return JSONResponse(body, 401, headers=_CHALLENGE)
        scope.setdefault("state", {})["token"] = token
        return None

    async def _with_session(self, scope: Scope) -> Response | None:
        """An answer for who has none, and for what another site made a browser send."""
        asked = HTTPConnection(scope)
        reads = scope["method"] in ("GET", "HEAD")
        if not reads and (problem := foreign(asked.headers)):
            return JSONResponse({"error": problem}, 403)
        if scope["path"] == LOGIN:
            return None
        tokens = await run_in_threadpool(self._tokens)
        token = unseal(asked.cookies.get(COOKIE, ""), tokens, self._now())
        if token is None:
            back = asked.url.path + (f"?{asked.url.query}" if asked.url.query else "")
            wanted = f"?next={quote(back, safe='')}" if reads and back != "/" else ""
            return RedirectResponse(LOGIN + wanted, 303)
        scope.setdefault("state", {})["token"] = token
        return None


def foreign(headers: Mapping[str, str]) -> str | None:
    """Why a request that changes something may come from another site; None: it was
    sent by a page of ours. Browsers tell the site over https and to this machine, the
    origin always."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is None:
        return "only a page of this receiver may send this"
    if site not in (None, "same-origin"):
        return "this was not sent by a page of this receiver"
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return "Origin is not Host: a proxy in between must leave Host as it is"
    return None


def find_token(header: str, tokens: Sequence[Token]) -> Token | None:
    """The token that an Authorization header carries, compared in constant time."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    secret = given.strip(" ").encode()
    found = None
    for token in tokens:
        if hmac.compare_digest(secret, token.secret.encode()):
            found = token
    return found


def requires(scope: TokenScope) -> Callable[[Request], Token]:
    """A dependency: the request's token, if its scope includes ``scope``; else 403."""

    def allowed(request: Request) -> Token:
        token: Token = request.state.token
        if not includes(token, scope):
            raise Refused(403, f"this needs a token of scope {scope}")
        return token

    return allowed


def includes(token: Token, scope: TokenScope) -> bool:
    """Whether what needs ``scope`` may be done with the token."""
    return _SCOPES.index(token.scope) >= _SCOPES.index(scope)


def is_guarded(path: str) -> bool:
    """Whether a path needs a bearer token."""
    return path != EVENTS and (path == "/v1" or path.startswith("/v1/"))
