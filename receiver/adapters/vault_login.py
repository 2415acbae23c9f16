"""A token that Vault gives for what the platform says of us.

Logged in when a token is first needed, when Vault refuses the one we have, and when it
cannot be renewed any further. A refusal soon after a login is about the policy and not
the token, and what has just failed is not tried again at once: Vault gets no storm of
logins from us, whoever makes a mistake.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from receiver.adapters.vault_credential import Lease
from receiver.adapters.vault_http import Request, VaultNode
from receiver.core.causes import Cause, ReplicationError, Temporary
from receiver.core.render import Json
from vault_audit_forwarder.program.errors import CommandError

#: A token so young is not the reason of a refusal.
_YOUNG = 60.0
_AFTER_FAILURE = 5.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What is posted, and where: who we say that we are."""

    path: str
    body: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What Vault has given for it."""

    token: str = field(repr=False)
    lease: Lease


class Login:
    """The port ``Credential`` on a login. Safe to use from several threads."""

    def __init__(
        self,
        log_in: Callable[[], Grant],
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``log_in`` raises ReplicationError."""
        self._log_in = log_in
        self._steady = steady
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._made = self._ends_from = 0.0
        self._failed: ReplicationError | None = None
        self._failed_at = 0.0

    def token(self) -> str:
        """The token; logs in when there is none that still lives."""
        with self._lock:
            grant, lease = self._grant, self._lease()
            if grant is None or lease is None or (lease.whole and lease.ttl <= 0):
                grant = self._again()
            return grant.token

    def renewed(self, refused: str) -> bool:
        """After a refusal: whether there is another token; logs in for one."""
        with self._lock:
            if self._grant is None or self._grant.token != refused:
                return True
            if self._steady() - self._made < _YOUNG:
                return False
            self._again()
            return True

    def lease(self) -> Lease | None:
        """What is left of what was granted last."""
        with self._lock:
            return self._lease()

    def granted(self, ttl: float) -> None:
        """A renewal has given ``ttl`` seconds."""
        with self._lock:
            if self._grant is not None:
                lease = Lease(ttl, self._grant.lease.whole, self._grant.lease.renewable)
                self._grant = Grant(self._grant.token, lease)
                self._ends_from = self._steady()

    def replace(self) -> bool:
        """Log in again."""
        with self._lock:
            self._again()
        return True

    def _lease(self) -> Lease | None:
        if self._grant is None:
            return None
        whole, passed = self._grant.lease, self._steady() - self._ends_from
        left = max(0.0, whole.ttl - passed) if whole.whole else 0.0
        return Lease(left, whole.whole, whole.renewable)

    def _again(self) -> Grant:
        now = self._steady()
        if self._failed is not None and now - self._failed_at < _AFTER_FAILURE:
            raise self._failed
        try:
            self._grant = self._log_in()
        except ReplicationError as error:
            self._failed, self._failed_at = error, now
            raise
        self._failed = None
        self._made = self._ends_from = self._steady()
        return self._grant


def login_at(
    node: VaultNode, namespace: str, claim: Callable[[], Claim]
) -> Callable[[], Grant]:
    """What logs in at ``node`` with a fresh ``claim``. Raises Temporary: who mends it,
    at either side, need not tell us."""

    def log_in() -> Grant:
        try:
            made = claim()
        except CommandError as error:
            raise Temporary(Cause.VAULT_LOGIN, str(error)) from error
        asked = Request("POST", namespace, made.path, body=dict(made.body))
        answer = node.send("login", asked)
        if answer.status in (429, 473) or answer.status >= 500:
            raise Temporary(
                Cause.VAULT_UNREACHABLE, f"login: Vault answered {answer.status}"
            )
        grant = _granted(answer.json()) if answer.status == 200 else None
        if grant is None:
            raise Temporary(
                Cause.VAULT_LOGIN, f"{made.path}: Vault answered {answer.status}"
            )
        return grant

    return log_in


def _granted(tree: Json) -> Grant | None:
    auth = tree.get("auth") if isinstance(tree, dict) else None
    if not isinstance(auth, dict):
        return None
    token, seconds = auth.get("client_token"), auth.get("lease_duration")
    if not isinstance(token, str) or not token:
        return None
    ttl = float(seconds) if isinstance(seconds, str) else 0.0
    return Grant(token, Lease(ttl, ttl, auth.get("renewable") is True))
