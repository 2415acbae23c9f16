"""What is open to everybody: health, readiness and metrics.

Ready means that the queue takes work. Vault and AWS are named and never count: a
receiver that is taken out of service while Vault is sealed would lose nothing by
staying in, and events by leaving. No probe asks Vault or AWS anything.
"""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from receiver.ports import QueueUnavailable
from receiver.web.parts import Parts


def router(parts: Parts) -> APIRouter:
    """The routes. They are plain functions, so they run in threads."""
    routes = APIRouter()

    @routes.get("/healthz")
    def healthy() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> JSONResponse:
        takes_work = _takes_work(parts)
        queue = "takes work" if takes_work else "takes nothing now"
        body = {"ready": takes_work, "queue": queue, **parts.dependencies()}
        return JSONResponse(body, 200 if takes_work else 503)

    if parts.serve_metrics:

        @routes.get("/metrics")
        def metrics(request: Request) -> Response:
            accepted = request.headers.get("accept", "")
            encode, content_type = choose_encoder(accepted)
            body = encode(parts.metrics.registry)
            return Response(body, headers={"content-type": content_type})

    return routes


def _takes_work(parts: Parts) -> bool:
    try:
        parts.queue.add([])
        parts.queue.backlog()
    except QueueUnavailable:
        return False
    return not parts.last_kept.fails(parts.now())
