"""A Vault whose answers to some reads are of yesterday, as a lagging standby's are.

It stands in front of a real one and passes everything on, except the reads that it
was told to answer from memory, or to keep back for a while.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from receiver.demo import loopback
from tests.acceptance.scene import PATIENCE_SECONDS, Scene

_PASSED_ON = ("x-vault-token", "x-vault-namespace", "content-type")


@dataclass(frozen=True)
class Remembered:
    """What Vault once answered to a path."""

    path: str
    status: int
    body: bytes


@dataclass(frozen=True)
class KeptBack:
    """One answer on its way: ``began`` when Vault has given it, and it is delivered
    once ``ended`` is set."""

    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class LaggingVault:
    """Listens at ``address``. Paths are without ``/v1/``; closed by its owner."""

    def __init__(self, vault: str, token: str) -> None:
        self._http = loopback.client(base_url=vault, headers={"X-Vault-Token": token})
        self._memory: dict[str, Remembered] = {}
        self._kept_back: dict[str, KeptBack] = {}
        self._asked: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._http.close()

    def remember(self, path: str) -> Remembered:
        """What Vault answers now."""
        answer = self._http.get(f"/v1/{path}")
        return Remembered(path, answer.status_code, answer.content)

    def lag(self, then: Remembered) -> None:
        """From now on answer this."""
        self._memory[then.path] = then

    def catch_up(self) -> None:
        """Lag no more."""
        self._memory.clear()

    def keep_back(self, path: str) -> KeptBack:
        """Let the next answer to this be late; those after it are not."""
        self._kept_back[path] = KeptBack()
        return self._kept_back[path]

    def stale_answers(self, path: str) -> int:
        """How often this was answered from memory."""
        return self._asked[path]

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Status and body, from memory or from Vault."""
        path = target.partition("?")[0].removeprefix("/v1/")
        if then := self._memory.get(path):
            self._asked[path] += 1
            return then.status, then.body
        answer = self._http.request(method, target, headers=headers, content=body)
        if late := self._kept_back.pop(path, None):
            late.began.set()
            late.ended.wait(PATIENCE_SECONDS)
        return answer.status_code, answer.content

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        vault = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                passed_on = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() in _PASSED_ON
                }
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, body = vault.answer(self.command, self.path, passed_on, sent)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_LIST = do_POST = do_PUT = answer

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


def stand_before(scene: Scene) -> LaggingVault:
    """One that the receiver, which is stopped, will ask when it is started again."""
    openbao = scene.installation.openbao
    vault = LaggingVault(openbao.address, openbao.root_token)
    file = scene.installation.directory / "replicator.yaml"
    document = yaml.safe_load(file.read_text())
    document["vault"]["address"] = vault.address
    file.write_text(yaml.safe_dump(document))
    return vault
