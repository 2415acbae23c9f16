"""How a request is refused: one exception, one body, never a word of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger(__name__)

#: When to come again after a 503, in seconds.
LATER = {"Retry-After": "5"}

_SAYS = {404: "there is nothing here", 405: "this method is not for this path"}


class Refused(Exception):
    """The answer is ``status`` with ``{"error": says, **more}``.

    ``reason`` is the label under which a refused webhook is counted.
    """

    def __init__(
        self,
        status: int,
        says: str,
        *,
        reason: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(says)
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = {"error": says, **more}


async def answer_refused(_: Request, error: Exception) -> JSONResponse:
    """For Refused."""
    assert isinstance(error, Refused)
    return JSONResponse(error.body, error.status, headers=error.headers)


async def answer_unavailable(_: Request, error: Exception) -> JSONResponse:
    """For QueueUnavailable and JournalUnavailable, wherever they come from."""
    log.error("the state is not available", error=error)
    says = "the state cannot be read or written now: try again later"
    return JSONResponse({"error": says}, 503, headers=LATER)


async def answer_http(_: Request, error: Exception) -> JSONResponse:
    """For what routing refuses: 404 and 405."""
    assert isinstance(error, HTTPException)
    says = _SAYS.get(error.status_code, "refused")
    return JSONResponse({"error": says}, error.status_code, headers=error.headers)


async def answer_invalid(_: Request, error: Exception) -> JSONResponse:
    """For query parameters that do not fit. FastAPI's own answer quotes the input."""
    assert isinstance(error, RequestValidationError)
    place = error.errors()[0]["loc"]
    field = str(place[-1]) if place else "request"
    return JSONResponse({"error": "is not valid", "field": field}, 422)


class LastResort:
    """Whatever else goes wrong is a 500 without a word of what it was; the log gets
    the type of the error, because its text may quote the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; catch what comes back."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            log.error("request failed", error=error)
            if started or scope["type"] != "http":
                raise
            answer = JSONResponse({"error": "something went wrong here"}, 500)
            await answer(scope, receive, send)
