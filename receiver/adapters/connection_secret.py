"""The method ``secrets_manager``: a Vault token that somebody keeps for us in AWS.

The secret is ``{"vaultAddress": …, "vaultToken": …}``, as the pull solution has it. It
is read when a token is first needed, and again after a refusal; whoever rotates the
token revokes the old one afterwards. A token is sent to no other Vault than its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from receiver.core.causes import Cause, Temporary
from receiver.core.render import parse

#: Refusals may come many at once; the secret is read at most so often, in seconds.
_AGAIN = 5.0


class ConnectionSecret:
    """The port ``Credential`` on such a secret. Safe to use from several threads."""

    def __init__(
        self,
        read: Callable[[], str],
        address: str,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``read`` gives the secret's text and raises Temporary; ``address`` is the
        Vault that we talk to."""
        self._read = read
        self._address = address
        self._steady = steady
        self._lock = threading.Lock()
        self._token: str | None = None
        self._read_at = 0.0

    def token(self) -> str:
        """The token of the secret, as it was last read."""
        with self._lock:
            return self._token or self._again()

    def renewed(self, refused: str) -> bool:
        """Whether the secret holds another token by now."""
        with self._lock:
            is_due = self._steady() - self._read_at >= _AGAIN
            if self._token == refused and is_due:
                self._again()
            return self._token != refused

    def lease(self) -> None:
        """Only Vault knows."""

    def granted(self, ttl: float) -> None:
        """Vault knows."""

    def replace(self) -> bool:
        """Whoever keeps the secret must."""
        return False

    def _again(self) -> str:
        self._read_at = self._steady()
        token, meant = _parts(self._read())
        if meant is not None and meant.rstrip("/") != self._address:
            raise _wrong("is for another Vault than vault.address names")
        self._token = token
        return token


def _parts(text: str) -> tuple[str, str | None]:
    """Token and address of the secret's text."""
    try:
        tree = parse(text)
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise _wrong("must be JSON with vaultAddress and vaultToken")
    token, address = tree.get("vaultToken"), tree.get("vaultAddress")
    if not isinstance(token, str) or not token:
        raise _wrong("has no vaultToken")
    if not isinstance(address, str | None):
        raise _wrong("has a vaultAddress that is no text")
    return token, address


def _wrong(what: str) -> Temporary:
    return Temporary(Cause.VAULT_LOGIN, f"the connection secret {what}")
