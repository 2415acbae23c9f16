"""One authenticated connection pool to Vault: requests in, raw answers out.

hvac carries the requests; its JSON parsing is left aside, because it would send
every number through a float. Answers hold secret data, so they have no repr and no
part of one gets into an error: what we say is the operation and the status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from hvac.adapters import RawAdapter
from urllib3.exceptions import HTTPError

from receiver.adapters.vault_credential import Credential
from receiver.adapters.vault_session import VaultSession
from receiver.core.causes import (
    Cause,
    Forbidden,
    Permanent,
    ReplicationError,
    Temporary,
)
from receiver.core.render import Json, parse

OnRequest = Callable[[str, str], None]

_CAPABILITIES, _ASK_HELD = "capabilities", "sys/capabilities-self"
#: What a request takes, by its method.
_CAPABILITY = {"GET": "read", "LIST": "list", "POST": "update", "DELETE": "delete"}
#: No policy speaks of these paths.
_UNCONTROLLED = ("sys/internal/", "auth/token/")
#: Not caught up (412, 429, 472, 473), rate limited, or failing for now.
_LATER = frozenset((412, 429, 472, 473))


class Request(NamedTuple):
    """What is asked. ``path`` is not yet quoted."""

    method: str
    namespace: str
    path: str
    parameters: Mapping[str, str] = MappingProxyType({})
    body: object = None

    def __repr__(self) -> str:
        return f"Request({self.method})"  # a body may hold a credential


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
        self, operation: str, request: Request, *, token: str | None = None
    ) -> Answer:
        """Any answer at all. Raises Temporary when there is none."""
        headers = {} if token is None else {"X-Vault-Token": token}
        if request.namespace:
            headers["X-Vault-Namespace"] = request.namespace
        try:
            response = self._adapter.request(
                request.method,
                f"/v1/{quote(request.path, safe='/')}",
                headers=headers,
                params=request.parameters,
                json=request.body,
                raise_exception=False,
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
        request = Request("GET", namespace, path, parameters)
        return self._send(self._node, operation, request)

    def list(
        self, operation: str, namespace: str, path: str, **parameters: str
    ) -> Answer:
        """``LIST /v1/<path>``, otherwise as :meth:`get`."""
        request = Request("LIST", namespace, path, parameters)
        return self._send(self._node, operation, request)

    def post(self, operation: str, namespace: str, path: str) -> Answer:
        """``POST /v1/<path>`` without a body, otherwise as :meth:`get`."""
        return self._send(self._node, operation, Request("POST", namespace, path))

    def ask(
        self, method: str, namespace: str, path: str, body: object = None
    ) -> Answer:
        """Any request; the answer is as of :meth:`get`, and all 4xx but 403 are the
        caller's. For whoever sets a Vault up: nothing else of ours writes there."""
        request = Request(method, namespace, path, body=body)
        return self._send(self._node, f"{method} {path}", request)

    def held(self, namespace: str, path: str) -> tuple[str, ...]:
        """What the token may do at ``path``, as in ``("read",)`` or ``("deny",)``."""
        asked = Request("POST", namespace, _ASK_HELD, body={"paths": [path]})
        tree = self._send(self._node, _CAPABILITIES, asked).json()
        data = tree.get("data") if isinstance(tree, dict) else None
        found = data.get(path) if isinstance(data, dict) else None
        return tuple(map(str, found)) if isinstance(found, Sequence) else ()

    def get_from(
        self, address: str, operation: str, namespace: str, path: str
    ) -> Answer:
        """As :meth:`get`, from another node of the same cluster."""
        node = self._node.beside(address)
        return self._send(node, operation, Request("GET", namespace, path))

    def close(self) -> None:
        """Close all connections."""
        self._node.session.close()

    def _send(self, node: VaultNode, operation: str, request: Request) -> Answer:
        token = self._credential.token()
        while True:
            answer = node.send(operation, request, token=token)
            if answer.status == 403 and self._credential.renewed(token):
                token = self._credential.token()
                continue
            if answer.status == 403:
                raise self._refusal(operation, request)
            if failure := _failure(operation, answer):
                raise failure
            return answer

    def _refusal(self, operation: str, request: Request) -> Permanent:
        """What a 403 was for, as far as Vault tells; the path is no secret."""
        detail = f"{operation}: Vault answered 403"
        if operation == _CAPABILITIES or request.path.startswith(_UNCONTROLLED):
            return Permanent(Cause.VAULT_FORBIDDEN, detail)
        where = "/".join(filter(None, (request.namespace, request.path)))
        # Most tokens may ask only where they live, and there of the whole path.
        for namespace, path in dict.fromkeys(
            [("", where), (request.namespace, request.path)]
        ):
            try:
                has = ", ".join(self.held(namespace, path)) or "nothing"
            except ReplicationError:
                continue
            why = f"it takes {_CAPABILITY[request.method]}, the token has {has}"
            break
        else:
            why = "nor may the token ask what it has: it may have ended"
        return Forbidden(detail, request=f"{request.method} {where}", why=why)


def _failure(operation: str, answer: Answer) -> ReplicationError | None:
    """What every caller treats alike; None when the answer is the caller's to read."""
    status = answer.status
    detail = f"{operation}: Vault answered {status}"
    if status in _LATER:
        return Temporary(Cause.STANDBY_LAGS, detail)
    if status == 503:
        return Temporary(Cause.VAULT_SEALED, f"{detail} (sealed, or no active node)")
    if status >= 500 or 300 <= status < 400:
        return Temporary(Cause.VAULT_UNREACHABLE, detail)
    return None
