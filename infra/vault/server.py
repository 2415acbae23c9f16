"""The server before anybody has a token: its seal, and what came of its birth.

What the server says in an error is not repeated, and nothing here has a repr that
holds a key. Proxies and credentials of the environment are left alone.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from vault_audit_forwarder.program.addresses import check_url, is_plain
from vault_audit_forwarder.program.errors import CommandError

_TIMEOUT = httpx.Timeout(60, connect=5)


class Unreachable(CommandError):
    """The request never got there: nothing has happened."""


class AnswerLost(CommandError):
    """The request went out and no answer came: it may have been carried out."""


class Refused(CommandError):
    """The answer is an error."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What everybody may know. ``opens_itself``: by a key that is in none of the
    shares, which then serve for recovery alone."""

    initialized: bool
    sealed: bool
    opens_itself: bool
    shares: int
    threshold: int
    progress: int
    version: str


@dataclass(frozen=True)
class Birth:
    """What the server tells once and never again."""

    shares: tuple[str, ...] = field(repr=False)
    root_token: str = field(repr=False)


class Server:
    """One server. Every method raises Unreachable, AnswerLost and Refused."""

    def __init__(self, client: httpx.Client, address: str) -> None:
        self._client = client
        self._address = address

    def seal(self) -> Seal:
        """The state of its seal."""
        return _seal(self._document("GET", "sys/seal-status"))

    def initialize(self, seal: Seal, *, shares: int, threshold: int) -> Birth:
        """Make its keys. It is the only time that anybody sees them."""
        kind = "recovery" if seal.opens_itself else "secret"
        body = {f"{kind}_shares": shares, f"{kind}_threshold": threshold}
        told = self._document("POST", "sys/init", json=body)
        keys = told["recovery_keys_base64" if seal.opens_itself else "keys_base64"]
        return Birth(tuple(keys), told["root_token"])

    def unseal(self, share: str) -> Seal:
        """Give one share. One that was given already changes nothing."""
        return _seal(self._document("POST", "sys/unseal", json={"key": share}))

    def revoke(self, token: str) -> None:
        """End this token, by itself."""
        headers = {"X-Vault-Token": token}
        self._ask("POST", "auth/token/revoke-self", headers=headers)

    def _document(self, method: str, path: str, **request: Any) -> Mapping[str, Any]:
        answer = self._ask(method, path, **request)
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise CommandError(f"{self._address}: what answers is no Vault")
        return document

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(
                f"{self._address} cannot be reached ({error}): start the server, or "
                "correct --address and --ca-file"
            ) from None
        except httpx.TransportError as error:
            raise AnswerLost(
                f"{self._address} gave no answer ({_name(error)})"
            ) from None
        if not answer.is_success:
            raise Refused(
                f"{self._address} refused {path} with status {answer.status_code}: its "
                "log says why",
                answer.status_code,
            )
        return answer


@contextmanager
def connected(address: str, ca_file: Path | None) -> Iterator[Server]:
    """A server by its address. Raises CommandError when it cannot be used."""
    try:
        base = check_url(address, example="https://vault.internal:8200")
    except ValueError as error:
        raise CommandError(f"--address {error}") from None
    if is_plain(base):
        raise CommandError("--address: over http:// the keys would cross the network")
    try:
        trust = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise CommandError(f"--ca-file {ca_file}: cannot be used ({error})") from None
    with httpx.Client(
        base_url=f"{base}/v1/", verify=trust, timeout=_TIMEOUT, trust_env=False
    ) as client:
        yield Server(client, base)


def _seal(told: Mapping[str, Any]) -> Seal:
    return Seal(
        initialized=told["initialized"],
        sealed=told["sealed"],
        opens_itself=told["recovery_seal"],
        shares=told["n"],
        # For a moment of its birth the server says that it takes none.
        threshold=max(told["t"], 1),
        progress=told["progress"],
        version=told["version"],
    )


def _name(error: Exception) -> str:
    return type(error).__name__
