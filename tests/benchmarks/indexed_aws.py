"""``python -m tests.benchmarks.indexed_aws --port 5000``: AWS for ten thousand secrets.

The strict layer over moto, on a server that keeps connections, and a secret is found
by its key. Moto's own looks through all secrets at every call and its web server
begins every call with a new connection, so figures would speak of moto. One call is
answered at a time. Copies in other Regions, whose key is their ARN, are not found.
"""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from moto.core.request import Request
from moto.secretsmanager import models
from moto.secretsmanager.models import FakeSecret, ReplicaSecret, SecretsStore
from moto.secretsmanager.utils import get_secret_name_from_partial_arn

from tests.strict_aws import limits, secrets_manager
from tests.strict_aws.responses import StrictResponse

_SUFFIX = len("-AbCdEf")


class IndexedStore(SecretsStore):
    """Moto's store. Keys given may be names, ARNs, and ARNs without their suffix."""

    def __getitem__(self, key: str) -> FakeSecret | ReplicaSecret:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return self.get(str(key)) is not None

    def get(  # type: ignore[override]  # moto's has no default either
        self, key: str
    ) -> FakeSecret | ReplicaSecret | None:
        name = get_secret_name_from_partial_arn(key)
        whole = dict.get(self, name[:-_SUFFIX])
        if whole is not None and whole.arn == key:
            return whole
        return dict.get(self, name)

    def pop(  # type: ignore[override]  # as above
        self, key: str
    ) -> FakeSecret | ReplicaSecret | None:
        found = self.get(key)
        return None if found is None else dict.pop(self, found.name)


class Server(ThreadingHTTPServer):
    """Secrets Manager at every path; anything that is read is for whoever asks
    whether it is there."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), Handler)
        session = botocore.session.Session()
        self.model: ServiceModel = session.get_service_model("secretsmanager")
        self.one_at_a_time = threading.Lock()

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        operation = request.headers["X-Amz-Target"].partition(".")[2]
        with self.one_at_a_time:
            refused = limits.fault(self.model, operation, json.loads(request.data))
            if refused:
                return refused.status, {}, json.dumps(refused.body()).encode()
            status, headers, body = StrictResponse.dispatch(request)
        text = body.encode() if isinstance(body, str) else body
        return int(status), {str(k): str(v) for k, v in headers.items()}, text


class Handler(BaseHTTPRequestHandler):
    """Passes requests on to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """It is there."""
        self._send(200, {}, b"{}")

    def do_POST(self) -> None:
        """A call of Secrets Manager."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        url = f"http://{self.headers['Host']}{self.path}"
        request = Request.from_primitives("POST", url, self.headers, body)
        self._send(*self.server.answer(request))

    def log_message(self, format: str, *args: Any) -> None:
        """Not every call."""

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.indexed_aws")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    models.SecretsStore = IndexedStore  # type: ignore[misc]  # moto has no other way in
    secrets_manager.install()
    Server(chosen.host, chosen.port).serve_forever()


if __name__ == "__main__":
    main()
