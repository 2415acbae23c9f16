"""One authenticated connection pool to Vault: requests in, raw answers out.

hvac carries the requests; its JSON parsing is left aside, because it would send
every number through a float. Answers hold secret data, so they have no repr and no
part of one gets into an error: what we say is the operation and the status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hvac.adapters import RawAdapter
from urllib3.exceptions import HTTPError

from receiver.adapters.vault_credential import Credential
from receiver.adapters.vault_session import VaultSession
from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.render import Json, parse

OnRequest = Callable[[str, str], None]

#: Not caught up (412, 429, 472, 473), rate limited, or failing for now.
_LATER = frozenset((412, 429, 472, 473))


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


class VaultNode:
    """One address of Vault, without a token. Safe to use from several threads."""

    def __init__(
        self,
        address: str,
        session: VaultSession,
        *,
        timeout: float,
        on_request: OnRequest,
    ) -> None:
        """``timeout`` is in seconds; ``on_request`` is told of every operation and
        the status it got, or the name of what went wrong."""
        self.session = session
        self._adapter = RawAdapter(base_uri=address, session=session, timeout=timeout)
        self._timeout = timeout
        self._on_request = on_request

    def beside(self, address: str) -> VaultNode:
        """Another node of the same cluster."""
        return VaultNode(
            address, self.session, timeout=self._timeout, on_request=self._on_request
        )

    def send(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        **more: Any,
    ) -> Answer:
        """Any answer at all. ``path`` is not yet quoted; ``more``: params, json.
        Raises Temporary when there is none."""
        url = f"/v1/{quote(path, safe='/')}"
        try:
            response = self._adapter.request(
                method, url, headers=headers, raise_exception=False, **more
            )
        except HTTPError as error:
            kind = type(error).__name__
            self._on_request(operation, kind)
            raise Temporary(Cause.VAULT_UNREACHABLE, f"{operation}: {kind}") from None
        self._on_request(operation, str(response.status_code))
        try:
            text = response.content.decode("utf-8")
        except UnicodeDecodeError:  # which quotes the body
            detail = f"{operation}: {response.status_code}, and not from Vault"
            raise Temporary(Cause.VAULT_UNREACHABLE, detail) from None
        return Answer(response.status_code, text)


class VaultHttp:
    """Requests to one Vault with a token. Safe to use from several threads."""

    def __init__(self, node: VaultNode, credential: Credential) -> None:
        self._node = node
        self._credential = credential

    def get(
        self, operation: str, namespace: str, path: str, **parameters: str
    ) -> Answer:
        """``GET /v1/<path>``. The status is 200, 404 or another of the 4xx that the
        caller must judge; all else is raised. ``path`` is not yet quoted."""
        return self._send(self._node, operation, "GET", namespace, path, parameters)

    def list(
        self, operation: str, namespace: str, path: str, **parameters: str
    ) -> Answer:
        """``LIST /v1/<path>``, otherwise as :meth:`get`."""
        return self._send(self._node, operation, "LIST", namespace, path, parameters)

    def post(self, operation: str, namespace: str, path: str) -> Answer:
        """``POST /v1/<path>`` without a body, otherwise as :meth:`get`."""
        return self._send(self._node, operation, "POST", namespace, path, {})

    def get_from(
        self, address: str, operation: str, namespace: str, path: str
    ) -> Answer:
        """As :meth:`get`, from another node of the same cluster."""
        node = self._node.beside(address)
        return self._send(node, operation, "GET", namespace, path, {})

    def close(self) -> None:
        """Close all connections."""
        self._node.session.close()

    def _send(
        self,
        node: VaultNode,
        operation: str,
        method: str,
        namespace: str,
        path: str,
        parameters: Mapping[str, str],
    ) -> Answer:
        token = self._credential.token()
        while True:
            headers = {"X-Vault-Token": token, **in_namespace(namespace)}
            answer = node.send(
                operation, method, path, headers=headers, params=parameters
            )
            if answer.status == 403 and self._credential.renewed(token):
                token = self._credential.token()
                continue
            if failure := _failure(operation, answer):
                raise failure
            return answer


def in_namespace(namespace: str) -> dict[str, str]:
    """The header that says so."""
    return {"X-Vault-Namespace": namespace} if namespace else {}


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
