"""A receiver inside a command: the same parts and the same answers, without a socket.

It owns the state file for as long as the command runs, so it refuses to start where a
receiver runs already. Its token is made for this one time and known to this process
alone. It takes no events and follows no schedule.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from starlette.types import ASGIApp

from receiver.bootstrap import Receiver
from receiver.remote import Remote, headers
from receiver.settings import AdminSettings, AdminToken, Settings, load_settings
from vault_audit_forwarder.program import logs

#: What orders given this way are written down under.
OPERATOR = "command line"
_END_WITHIN_SECONDS = 20.0
_LOG_KEYS = (
    *(
        "action",
        "attempts",
        "by",
        "cause",
        "detail",
        "mount",
        "name",
        "namespace",
        "path",
    ),
    *("pending", "reason", "ref", "result", "rule", "version", "version_id"),
)


@contextmanager
def in_process(
    config: Path, env: Mapping[str, str], *, working: bool
) -> Iterator[Remote]:
    """A receiver by this configuration; it replicates only when ``working``. Raises
    CommandError, also when another process has its state file."""
    settings = load_settings(config, env)
    logs.configure("warning", keys=_LOG_KEYS)
    with TemporaryDirectory(prefix="vault-replicator-") as directory:
        token = secrets.token_urlsafe(32)
        file = Path(directory, "token")
        file.touch(mode=0o600)
        file.write_text(token)
        receiver = Receiver(_for_one_command(settings, file))
        try:
            if working:
                receiver.start(scheduled=False)
            with _asked(receiver.app, token) as remote:
                yield remote
        finally:
            receiver.stop(_END_WITHIN_SECONDS)


def _for_one_command(settings: Settings, token_file: Path) -> Settings:
    token = AdminToken(name=OPERATOR, scope="admin", token_file=token_file)
    reconcile = settings.reconcile.model_copy(
        update={"interval": None, "at_start": False}
    )
    return settings.model_copy(
        update={"admin": AdminSettings(tokens=(token,)), "reconcile": reconcile}
    )


@contextmanager
def _asked(app: ASGIApp, token: str) -> Iterator[Remote]:
    client = httpx.Client(
        base_url="http://receiver",
        headers=headers(token),
        transport=_Loop(app),
        trust_env=False,
    )
    with client:
        yield Remote(client, is_elsewhere=False)


class _Loop(httpx.BaseTransport):
    """Runs an application on a loop in a thread of its own, so that the caller's
    thread only waits, and Ctrl-C reaches it at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._loop = asyncio.new_event_loop()
        self._transport = httpx.ASGITransport(app)
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="in-process", daemon=True
        )
        self._thread.start()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What httpx calls. Blocks until the answer is complete."""
        answer = self._answer(request)
        return asyncio.run_coroutine_threadsafe(answer, self._loop).result()

    def close(self) -> None:
        """End the loop. A request that somebody no longer waits for ends with it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(
            response.status_code, headers=response.headers, content=content
        )
