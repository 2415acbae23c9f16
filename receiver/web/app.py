"""The receiver's HTTP side, put together.

No interactive documentation and no telemetry: both would tell strangers, or third
parties, about requests. Every error is a JSON object of ours.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from receiver.ports import JournalUnavailable, QueueUnavailable
from receiver.web import (
    deeds,
    events,
    explain,
    health,
    listing,
    orders,
    pauses,
    refusals,
    runs,
    status,
    sync,
)
from receiver.web.auth import Gate
from receiver.web.page import routes as page
from receiver.web.parts import Parts


def create_app(parts: Parts) -> FastAPI:
    """The application; it owns nothing and starts nothing."""
    app = FastAPI(
        title="vault-secrets-replicator",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
        exception_handlers={
            refusals.Refused: refusals.answer_refused,
            QueueUnavailable: refusals.answer_unavailable,
            JournalUnavailable: refusals.answer_unavailable,
            HTTPException: refusals.answer_http,
            RequestValidationError: refusals.answer_invalid,
        },
    )
    app.add_middleware(Gate, tokens=parts.tokens, now=lambda: parts.now())
    app.add_middleware(refusals.LastResort)
    for part in (
        *(events, sync, orders, pauses, runs, deeds),
        *(listing, status, explain, health),
    ):
        app.include_router(part.router(parts))
    app.include_router(page.router(parts, explain.Explainer(parts).of))
    return app
