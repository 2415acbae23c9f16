"""Who vouches for a receiver: an issuer of JWTs, a cluster; and a Vault with TLS."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from receiver.demo.child import free_port
from receiver.demo.openbao import OpenBao


class Issuer:
    """Signs JWTs, as a platform does."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public = (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
            .decode()
        )

    def token(self, **claims: Any) -> str:
        """Good for a minute."""
        now = int(time.time())
        body = {"iss": "platform", "iat": now, "exp": now + 60, "nbf": now, **claims}
        text = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(body)}"
        signed = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_url_safe(signed)}"


def _part(tree: dict[str, Any]) -> str:
    return _url_safe(json.dumps(tree).encode())


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Cluster(ThreadingHTTPServer):
    """The one call of Kubernetes that the method makes: whose token is this?"""

    daemon_threads = True

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _TokenReview)
        self.token = token
        self.address = f"http://127.0.0.1:{self.server_port}"


class _TokenReview(BaseHTTPRequestHandler):
    server: Cluster

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = "system:serviceaccount:vault:replicator"
        user = {"username": name, "uid": "1", "groups": ["system:serviceaccounts"]}
        is_known = review["spec"]["token"] == self.server.token
        review["status"] = {"authenticated": is_known, "user": user if is_known else {}}
        body = json.dumps(review).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Not to the test's output."""


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster that knows one service account, and its token."""
    account = {"name": "replicator", "uid": "1"}
    claims = {"namespace": "vault", "serviceaccount": account}
    token = Issuer().token(
        sub="system:serviceaccount:vault:replicator", **{"kubernetes.io": claims}
    )
    made = Cluster(token)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


class TlsOpenBao(OpenBao):
    """Listens with TLS too, at ``tls_address``."""

    def __init__(self, directory: Path, certificate: Path, key: Path) -> None:
        super().__init__(directory, audit_addresses=[])
        self._files = f'tls_cert_file = "{certificate}"\n tls_key_file = "{key}"'
        self.tls_address = ""

    def _start_on(self, port: int, config: Path) -> None:
        own = free_port()
        self.tls_address = f"https://127.0.0.1:{own}"
        listener = (
            f'listener "tcp" {{\n address = "127.0.0.1:{own}"\n {self._files}\n}}'
        )
        config.write_text(config.read_text() + listener)
        super()._start_on(port, config)
