"""A receiver as the command line sees it: its HTTP API, called from outside.

The one module of the receiver that speaks HTTP as a client. Redirects are not
followed, and neither proxies nor credentials come from the environment: the token goes
to the address that was named, and nowhere else. Every failure is a CommandError that
says what, where, why and what to do; the receiver's own words are in it, the token is
in none.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import httpx

from receiver import __version__
from receiver.terminal.failure import Failure, no_answer, refusal
from vault_audit_forwarder.program.addresses import check_url
from vault_audit_forwarder.program.errors import CommandError

ADDRESS = "VAULT_REPLICATOR_ADDR"
TOKEN = "VAULT_REPLICATOR_TOKEN"  # noqa: S105 the name of a variable
CA_FILE = "VAULT_REPLICATOR_CACERT"

FORMAT_VERSION = 1
_TIMEOUT = httpx.Timeout(30, connect=5)
#: A comparison of both sides; with 100,000 secrets it takes minutes.
_PLAN_SECONDS = 1800.0
#: What an answer may take beyond the time it was asked to wait.
_GRACE_SECONDS = 15.0

Document: TypeAlias = dict[str, Any]


class Failed(CommandError):
    """A call came to nothing."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure), what=failure.what, **failure.details)


class Unreachable(Failed):
    """No answer came: the same call may work later."""


class Refusal(Failed):
    """The answer is an error. ``status`` is that of HTTP."""

    def __init__(self, failure: Failure, status: int) -> None:
        super().__init__(failure)
        self.status = status


class Remote:
    """One receiver. ``client`` has its base address and the token; its owner closes
    it. ``is_elsewhere``: errors name the address. Every method raises Unreachable and
    Refusal."""

    def __init__(self, client: httpx.Client, *, is_elsewhere: bool = True) -> None:
        self._client = client
        self._is_elsewhere = is_elsewhere

    def plan(self, scope: Mapping[str, Any]) -> Document:
        """Have both sides compared; the plan document."""
        timeout = httpx.Timeout(_PLAN_SECONDS, connect=5)
        return self._document("POST", "/v1/plan", json=given(scope), timeout=timeout)

    def reconcile(self, wish: Mapping[str, Any]) -> str:
        """Ask for a run; its id. The run begins when the one before it has ended."""
        answer = self._document("POST", "/v1/reconcile", json=given(wish))
        return str(answer["run_id"])

    def run(self, run_id: str) -> Document:
        """How far a run is."""
        return self._document("GET", f"/v1/reconcile/{run_id}")

    def status(self) -> Document:
        """The verdict and all that belongs to it."""
        return self._document("GET", "/v1/status")

    def secrets(self, query: Mapping[str, Any]) -> Document:
        """One page of secrets."""
        return self._document("GET", "/v1/secrets", params=given(query))

    def explain(self, secret: Mapping[str, Any]) -> Document:
        """Why it is, or is not, where it should be."""
        return self._document("GET", "/v1/explain", params=given(secret))

    def order(self, what: str, choice: Mapping[str, Any]) -> Document:
        """``retry``, ``adopt``, ``release``: what was, or would be, concerned. Also
        ``pause`` and ``resume``: what stands then."""
        return self._document("POST", f"/v1/{what}", json=given(choice))

    def sync(self, secret: Mapping[str, Any], wait: float) -> tuple[int, Document]:
        """Have one secret replicated and wait for at most ``wait`` seconds: 200 there,
        202 queued, 409 parked, 504 not yet, with what is known of it."""
        return self._awaited(
            "POST", "/v1/secrets/sync", wait, params=_waiting(wait), json=given(secret)
        )

    def one(self, secret: Mapping[str, Any], wait: float) -> tuple[int, Document]:
        """Go on waiting for what :meth:`sync` began; the same answers."""
        query = given(secret) | _waiting(wait)
        return self._awaited("GET", "/v1/secrets/one", wait, params=query)

    def _awaited(
        self, method: str, path: str, wait: float, **request: Any
    ) -> tuple[int, Document]:
        timeout = httpx.Timeout(wait + _GRACE_SECONDS, connect=5)
        response = self._ask(method, path, timeout=timeout, **request)
        if response.status_code in (200, 202, 409, 504):
            document = _object(response)
            # A proxy in between has an error 504 of its own.
            if document is not None:
                return response.status_code, document
        raise self._refused(response)

    def _document(self, method: str, path: str, **request: Any) -> Document:
        response = self._ask(method, path, **request)
        document = _object(response)
        if not response.is_success or document is None:
            raise self._refused(response)
        if document.get("format_version", FORMAT_VERSION) != FORMAT_VERSION:
            raise CommandError(
                "the receiver answers in another format than this command knows: use "
                "the version that the receiver has"
            )
        return document

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            failure = no_answer(error, str(self._client.base_url), ca_variable=CA_FILE)
            raise Unreachable(failure) from error

    def _refused(self, response: httpx.Response) -> Refusal:
        request = response.request
        where = f"{request.method} {request.url.copy_with(query=None)}"
        failure = refusal(
            response.status_code,
            _object(response),
            where=where if self._is_elsewhere else None,
        )
        return Refusal(failure, response.status_code)


@contextmanager
def from_environment(env: Mapping[str, str]) -> Iterator[Remote]:
    """The receiver that the environment names. Raises CommandError."""
    for name in (ADDRESS, TOKEN):
        if not env.get(name, "").strip():
            raise Failed(_MISSING[name])
    try:
        address = check_url(env[ADDRESS], example="https://replicator.internal:8443")
    except ValueError as error:
        raise CommandError(f"{ADDRESS}: {error}") from None
    client = httpx.Client(
        base_url=address,
        headers=headers(env[TOKEN]),
        verify=_tls(env.get(CA_FILE)),
        timeout=_TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )
    with client:
        yield Remote(client)


def headers(token: str) -> dict[str, str]:
    """What each request carries. Raises CommandError for what can be no token."""
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise CommandError(f"{TOKEN}: holds characters that a header cannot carry")
    return {
        "authorization": f"Bearer {token}",
        "user-agent": f"vault-replicator/{__version__}",
    }


def given(fields: Mapping[str, Any]) -> Document:
    """Without what was not said."""
    return {name: value for name, value in fields.items() if value is not None}


def _waiting(seconds: float) -> dict[str, str]:
    return {"wait": f"{seconds * 1000:.0f}ms"} if seconds else {}


def _object(response: httpx.Response) -> Document | None:
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise CommandError(
            f"{CA_FILE}: {ca_file} cannot be used "
            f"({getattr(error, 'strerror', None) or type(error).__name__}): it must be "
            "PEM, and readable"
        ) from error


_MISSING = {
    ADDRESS: Failure(
        "no receiver is named",
        why=f"{ADDRESS} is not set",
        do=f"export {ADDRESS}=https://… and {TOKEN}; plan, reconcile and sync can also "
        "work by themselves, with --config",
    ),
    TOKEN: Failure(
        "there is no token for the receiver",
        why=f"{TOKEN} is not set",
        do="set it to what is in one of the files under admin.tokens",
    ),
}
