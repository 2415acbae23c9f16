"""One authenticated connection pool to Vault: requests in, raw answers out.

hvac carries the requests; its JSON parsing is left aside, because it would send
every number through a float. Answers hold secret data, so they have no repr and no
part of one gets into an error: what we say is the operation and the status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import requests
from hvac.adapters import RawAdapter
from requests.adapters import HTTPAdapter

from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.render import Json, parse

OnRequest = Callable[[str, str], None]

#: Not caught up (412, 429, 472, 473), rate limited, or failing for now.
_LATER = frozenset((412, 429, 472, 473))


class Credential(Protocol):
    """Where the token comes from. Methods raise Temporary or Permanent."""

    def token(self) -> str:
        """The token to use now."""

    def renewed(self, refused: str) -> bool:
        """After a 403 to ``refused``: whether there is another token to try."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of one answer."""

    status: int
    text: str = field(repr=False)

    def json(self) -> Json:
        """The body, numbers as text; None when it is no JSON."""
        try:
            return parse(self.text)
        except ValueError:
            return None


class VaultHttp:
    """Requests to one Vault address. Safe to use from several threads."""

    def __init__(
        self,
        address: str,
        credential: Credential,
        *,
        ca_file: str | None,
        timeout: float,
        connections: int,
        on_request: OnRequest,
    ) -> None:
        self._credential = credential
        self._timeout = timeout
        self._on_request = on_request
        self._session = requests.Session()
        self._session.verify = ca_file or True
        # The environment's proxies and netrc are not for production credentials.
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "vault-secrets-replicator"
        pool = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
        self._session.mount("http://", pool)
        self._session.mount("https://", pool)
        self._adapter = self._adapter_for(address)

    def get(
        self, operation: str, namespace: str, path: str, **parameters: str
    ) -> Answer:
        """``GET /v1/<path>``. The status is 200, 404 or another of the 4xx that the
        caller must judge; all else is raised. ``path`` is not yet quoted."""
        return self._send(self._adapter, operation, "GET", namespace, path, parameters)

    def list(
        self, operation: str, namespace: str, path: str, **parameters: str
    ) -> Answer:
        """``LIST /v1/<path>``, otherwise as :meth:`get`."""
        return self._send(self._adapter, operation, "LIST", namespace, path, parameters)

    def post(self, operation: str, namespace: str, path: str) -> Answer:
        """``POST /v1/<path>`` without a body, otherwise as :meth:`get`."""
        return self._send(self._adapter, operation, "POST", namespace, path, {})

    def get_from(
        self, address: str, operation: str, namespace: str, path: str
    ) -> Answer:
        """As :meth:`get`, from another node of the same cluster."""
        adapter = self._adapter_for(address)
        return self._send(adapter, operation, "GET", namespace, path, {})

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _adapter_for(self, address: str) -> RawAdapter:
        return RawAdapter(
            base_uri=address, session=self._session, timeout=self._timeout
        )

    def _send(
        self,
        adapter: RawAdapter,
        operation: str,
        method: str,
        namespace: str,
        path: str,
        parameters: Mapping[str, str],
    ) -> Answer:
        token = self._credential.token()
        while True:
            headers = {"X-Vault-Token": token}
            if namespace:
                headers["X-Vault-Namespace"] = namespace
            try:
                response = adapter.request(
                    method,
                    f"/v1/{quote(path, safe='/')}",
                    headers=headers,
                    params=dict(parameters),
                    raise_exception=False,
                )
            except requests.RequestException as error:
                kind = type(error).__name__
                self._on_request(operation, kind)
                raise Temporary(
                    Cause.VAULT_UNREACHABLE, f"{operation}: {kind}"
                ) from None
            self._on_request(operation, str(response.status_code))
            if response.status_code == 403 and self._credential.renewed(token):
                token = self._credential.token()
                continue
            answer = _answer(operation, response)
            if failure := _failure(operation, answer):
                raise failure
            return answer


def _answer(operation: str, response: requests.Response) -> Answer:
    try:
        # Not response.text: requests would guess an encoding when none is named.
        text = response.content.decode("utf-8")
    except UnicodeDecodeError:  # which quotes the body
        detail = f"{operation}: {response.status_code}, and not from Vault"
        raise Temporary(Cause.VAULT_UNREACHABLE, detail) from None
    return Answer(response.status_code, text)


def _failure(operation: str, answer: Answer) -> ReplicationError | None:
    """What every caller treats alike; None when the answer is the caller's to read."""
    status = answer.status
    detail = f"{operation}: Vault answered {status}"
    if status == 403:
        return Permanent(Cause.VAULT_FORBIDDEN, detail)
    if status in _LATER:
        return Temporary(Cause.STANDBY_LAGS, detail)
    if status == 503:
        return Temporary(Cause.VAULT_SEALED, f"{detail} (sealed, or no active node)")
    if status >= 500 or 300 <= status < 400:
        return Temporary(Cause.VAULT_UNREACHABLE, detail)
    return None
