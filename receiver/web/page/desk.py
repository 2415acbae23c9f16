"""What all routes of the page share: what every page shows, and how a refusal looks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from receiver import __version__
from receiver.keyring import Token
from receiver.ports import JournalUnavailable, QueueUnavailable
from receiver.terminal.words import printable
from receiver.web.auth import includes
from receiver.web.page.moments import when
from receiver.web.page.rendering import Renderer
from receiver.web.parts import Parts
from receiver.web.refusals import Refused

log = structlog.stdlib.get_logger(__name__)

_UNAVAILABLE = "the state cannot be read or written now: try again in a moment"


class Desk:
    """Answers with pages. Safe to use from every thread."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._renderer = Renderer()

    def show(
        self, request: Request, template: str, status: int = 200, **given: Any
    ) -> HTMLResponse:
        """A page, with what stands on every one of them."""
        token: Token | None = getattr(request.state, "token", None)
        now = self.parts.now()
        return self._renderer.page(
            template,
            status,
            source=self.parts.source_name,
            token=token,
            may_sync=token is not None and includes(token, "sync"),
            may_order=token is not None and includes(token, "admin"),
            version=__version__,
            now=when(now, now),
            started=when(self.parts.began, now),
            here=request.url.path,
            **given,
        )

    def static(self, name: str) -> Response | None:
        """A static file; None: there is none of that name."""
        return self._renderer.static(name)

    def route_class(self) -> type[APIRoute]:
        """Routes whose refusals are pages too."""
        desk = self

        class PageRoute(APIRoute):
            def get_route_handler(
                self,
            ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
                handle = super().get_route_handler()

                async def shown(request: Request) -> Response:
                    try:
                        return await handle(request)
                    except Refused as refused:
                        says = _sentence(refused)
                        return desk.problem(request, refused.status, says)
                    except (QueueUnavailable, JournalUnavailable) as error:
                        log.error("the state is not available", error=error)
                        return desk.problem(request, 503, _UNAVAILABLE)

                return shown

        return PageRoute

    def problem(self, request: Request, status: int, says: str) -> HTMLResponse:
        """What was asked for cannot be shown or done."""
        return self.show(request, "problem.html", status, says=says)


def _sentence(refused: Refused) -> str:
    field, error = refused.body.get("field"), str(refused.body["error"])
    return printable(f"{field}: {error}" if field else error)
