"""Who may use the API: bearer tokens, and what each allows.

The gate stands before the routes, so that a stranger cannot even tell which paths
exist: all of ``/v1`` but the events answers 401 alike.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from receiver.keyring import Scope as TokenScope
from receiver.keyring import Token
from receiver.web.refusals import Refused

EVENTS = "/v1/events"

#: Each scope includes those before it.
_SCOPES: tuple[TokenScope, ...] = ("read", "sync", "admin")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Gate:
    """Lets a request to ``/v1`` pass with a known token, which it remembers."""

    def __init__(self, app: ASGIApp, tokens: Callable[[], Sequence[Token]]) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401."""
        if scope["type"] == "http" and _is_guarded(scope["path"]):
            header = Headers(scope=scope).get("authorization", "")
            # Looking whether a token file changed is disk work.
            token = find_token(header, await run_in_threadpool(self._tokens))
            if token is None:
                body = {"error": "a known bearer token is needed"}
                answer = JSONResponse(body, 401, headers=_CHALLENGE)
                await answer(scope, receive, send)
                return
            scope.setdefault("state", {})["token"] = token
        await self._app(scope, receive, send)


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
        if _SCOPES.index(token.scope) < _SCOPES.index(scope):
            raise Refused(403, f"this needs a token of scope {scope}")
        return token

    return allowed


def _is_guarded(path: str) -> bool:
    return path != EVENTS and (path == "/v1" or path.startswith("/v1/"))
