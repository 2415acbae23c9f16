"""The HTTP side: weather first, then limits, then moto; and the routes that tests use.

One request at a time: moto's own dictionaries do not bear two writers. Moto's
``POST /moto-api/reset`` empties the account; what is set below ``/_strict/`` stays
until ``reset`` there.

    POST /_strict/throttle   {"calls": 3}       the next calls: ThrottlingException
    POST /_strict/fail       {"calls": 3}       the next calls: status 500
    POST /_strict/deny       {"operation": "PutSecretValue", "kms": false}
    POST /_strict/list-lag   {"calls": 3}       ListSecrets shows what is there now
    POST /_strict/name-lag   {"calls": 3}       a force-deleted name stays taken
    POST /_strict/reset      {}                 all of this off
    GET  /_strict/           what is set
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

import botocore.session
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from tests.strict_aws import limits, secrets_manager
from tests.strict_aws.weather import Weather


def serving(host: str, port: int) -> BaseWSGIServer:
    """A server bound to the address. It changes moto for this whole process."""
    secrets_manager.install()
    return make_server(
        host, port, StrictAws(), threaded=True, request_handler=MotoRequestHandler
    )


class StrictAws:
    """The WSGI application."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._model = botocore.session.Session().get_service_model("secretsmanager")
        self._weather = Weather()
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)  # moto reads it once more
        with self._one_at_a_time:
            if request.path.startswith("/_strict/"):
                return self._hook(request, body)(environ, start)
            target = request.headers.get("X-Amz-Target", "")
            refused = self._secrets_manager(target, body) or self._sts(body)
            if refused is not None:
                return refused(environ, start)
            answer: Iterable[bytes] = self._moto(environ, start)
            return answer

    def _secrets_manager(self, target: str, body: bytes) -> Response | None:
        service, _, operation = target.partition(".")
        if service != "secretsmanager":
            return None
        refusal = self._weather.strike(operation) or limits.fault(
            self._model, operation, json.loads(body)
        )
        return _json(refusal.body(), refusal.status) if refusal else None

    def _sts(self, body: bytes) -> Response | None:
        if not body.startswith(b"Action="):
            return None
        (action,) = parse_qs(body.decode())["Action"]
        refusal = self._weather.bar(action)
        if refusal is None:
            return None
        return Response(refusal.document(), refusal.status, content_type="text/xml")

    def _hook(self, request: Request, body: bytes) -> Response:
        asked = json.loads(body) if body else {}
        match request.method, request.path.removeprefix("/_strict/"):
            case "POST", "throttle":
                self._weather.throttled = asked["calls"]
            case "POST", "fail":
                self._weather.failing = asked["calls"]
            case "POST", "deny":
                self._weather.denied[asked["operation"]] = asked.get("kms", False)
            case "POST", "list-lag":
                secrets_manager.freeze_listings(asked["calls"])
            case "POST", "name-lag":
                secrets_manager.keep_names(asked["calls"])
            case "POST", "reset":
                self._weather.clear()
                secrets_manager.freeze_listings(0)
                secrets_manager.keep_names(0)
            case "GET", "":
                pass
            case _:
                return _json({"error": "no such hook"}, 404)
        return _json(asdict(self._weather), 200)


def _json(content: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
