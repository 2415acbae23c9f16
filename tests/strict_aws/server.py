"""The HTTP side: weather first, then limits, then moto; and the routes that tests use.

One request at a time: moto's own dictionaries do not bear two writers. Moto's
``POST /moto-api/reset`` empties the account; what is set below ``/_strict/`` stays
until ``reset`` there.

    POST /_strict/throttle   {"calls": 3}       the next calls: ThrottlingException
    POST /_strict/fail       {"calls": 3}       the next calls: status 500
    POST /_strict/lose       {"calls": 3}       the next calls: done, and status 500
    POST /_strict/storm      {"throttled": 0.3, "failing": 0.2, "lost": 0.1, "seed": 7}
    POST /_strict/deny       {"operation": "PutSecretValue", "kms": false}
    POST /_strict/list-lag   {"calls": 3}       ListSecrets shows what is there now
    POST /_strict/name-lag   {"calls": 3}       a force-deleted name stays taken
    POST /_strict/reset      {}                 all of this off
    GET  /_strict/           what is set
    GET  /_strict/ledger?prefix=app/            what was changed below that, in order
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
from tests.strict_aws.ledger import Ledger
from tests.strict_aws.weather import Storm, Weather

#: The routes that set how many of the next calls are hit.
_COUNTED = {"throttle": "throttled", "fail": "failing", "lose": "lost"}


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
        self._ledger = Ledger()
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
            answer = self._carried_out(target, body, environ)
            return answer(environ, start)

    def _carried_out(
        self, target: str, body: bytes, environ: dict[str, Any]
    ) -> Response:
        answer = Response.from_app(self._moto, environ, buffered=True)
        service, _, operation = target.partition(".")
        if service != "secretsmanager":
            return answer
        if answer.status_code == 200:
            self._ledger.enter(operation, json.loads(body))
        lost = self._weather.lose()
        return _json(lost.body(), lost.status) if lost else answer

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
            case "POST", ("throttle" | "fail" | "lose") as what:
                setattr(self._weather, _COUNTED[what], asked["calls"])
            case "POST", "storm":
                self._weather.storm = Storm(**asked)
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
            case "GET", "ledger":
                prefix = request.args["prefix"]
                return _json({"changes": self._ledger.below(prefix)}, 200)
            case "GET", "":
                pass
            case _:
                return _json({"error": "no such hook"}, 404)
        return _json(asdict(self._weather), 200)


def _json(content: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
