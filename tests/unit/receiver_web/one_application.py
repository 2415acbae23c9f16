"""One application for many worlds: building it takes longer than most tests last.

The routes keep the parts that they were built with. Here these are a stand-in that
looks up, at each use, the parts of the world whose request is being answered. A test
that is about the building itself calls ``create_app`` as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from receiver.keyring import Token
from receiver.web.app import create_app
from receiver.web.parts import Parts

_ASKED: ContextVar[Parts] = ContextVar("asked")


class _PartsOfTheAsked:
    """Parts for the one application. What it reads while it is built is named."""

    serve_metrics = True

    def tokens(self) -> Sequence[Token]:
        return _ASKED.get().tokens()

    def __getattr__(self, name: str) -> Any:
        return getattr(_ASKED.get(), name)


@cache
def _application() -> ASGIApp:
    return create_app(cast(Parts, _PartsOfTheAsked()))


class Served:
    """The one application, over the parts of one world."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Threads that answer a request inherit its context, so worlds never mix.
        before = _ASKED.set(self._parts)
        try:
            await _application()(scope, receive, send)
        finally:
            _ASKED.reset(before)
