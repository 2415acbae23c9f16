"""The token's keeper, and the method ``token``: a token in a file.

The file is the truth: it is read again when it changes, and after a refusal. The
keeper renews the token while it can be, and has it replaced where there is a way to.
It asks Vault once a minute who we are; that call is audited, so it also keeps a line
flowing by which a silent forwarder is told from a quiet Vault.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from receiver.adapters.vault_credential import Credential, Lease
from receiver.adapters.vault_http import VaultHttp
from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.render import Json
from vault_audit_forwarder.program.errors import SecretFileError
from vault_audit_forwarder.program.secret_files import SecretFile

log = structlog.stdlib.get_logger(__name__)

_LOOK_EVERY, _LOOK_AGAIN = 60.0, 5.0


class TokenFile:
    """The port ``Credential`` on a token file."""

    def __init__(self, file: SecretFile) -> None:
        self._file = file

    def token(self) -> str:
        """The token that the file holds now."""
        try:
            return self._file.read()
        except SecretFileError as error:
            raise Temporary(Cause.VAULT_UNREACHABLE, f"token file: {error}") from error

    def renewed(self, refused: str) -> bool:
        """Whether the file holds another token by now."""
        return self.token() != refused

    def lease(self) -> None:
        """Only Vault knows."""

    def granted(self, ttl: float) -> None:
        """Vault knows."""

    def replace(self) -> bool:
        """Whoever wrote the file must."""
        return False


class GivenToken:
    """The port ``Credential`` on a token that somebody lends us for one command. It is
    kept nowhere, and nothing takes its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """The token itself."""
        return self._token

    def renewed(self, refused: str) -> bool:
        """There is no other."""
        return self._token != refused

    def lease(self) -> None:
        """Only Vault knows."""

    def granted(self, ttl: float) -> None:
        """It is not ours to renew."""

    def replace(self) -> bool:
        """Nobody can."""
        return False


class TokenKeeper:
    """Looks after the token from a thread of its own."""

    def __init__(
        self,
        http: VaultHttp,
        credential: Credential,
        *,
        namespace: str,
        now: Callable[[], float],
        on_expiry: Callable[[float | None], None],
        on_recovery: Callable[[], None],
    ) -> None:
        """``on_expiry`` gets the epoch second at which the token ends, or None;
        ``on_recovery`` is called when Vault takes our token again. ``lease`` is what
        Vault said last, and ``asked_at`` when, in epoch seconds."""
        self._http = http
        self._credential = credential
        self._namespace = namespace
        self._now = now
        self._on_expiry = on_expiry
        self._on_recovery = on_recovery
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="token", daemon=True)
        self.trouble: ReplicationError | None = None
        self.lease: Lease | None = None
        self.asked_at: float | None = None

    def start(self) -> None:
        """Begin; the first look is at once."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the thread; waits up to ``timeout`` seconds for a call under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def look(self) -> Lease:
        """Ask Vault about the token, and prolong its life when that is due.

        What a login or a renewal has answered counts more than the look-up: a
        standby's may be days behind.
        """
        found = self._lookup()
        lease = self._credential.lease() or found
        if lease.is_due():
            lease = self._prolong(lease)
        self.lease, self.asked_at = lease, self._now()
        self._on_expiry(self._now() + lease.ttl if lease.ttl else None)
        return lease

    def _prolong(self, lease: Lease) -> Lease:
        if lease.renewable:
            try:
                renewed = self._renew(lease)
            except ReplicationError:
                # OpenBao answers 500 for one that is at the end of all renewals.
                if self._credential.replace():
                    return self._credential.lease() or lease
                raise
            if not renewed.is_due():
                return renewed
            lease = renewed
        if self._credential.replace():
            return self._credential.lease() or lease
        if lease.renewable:
            log.warning("the token cannot be renewed further", seconds=lease.ttl)
        return lease

    def _lookup(self) -> Lease:
        answer = self._http.get(
            "lookup-self", self._namespace, "auth/token/lookup-self"
        )
        data = _part(answer.json(), "data")
        whole = max(_number(data, "creation_ttl"), _number(data, "period"))
        return Lease(_number(data, "ttl"), whole, data.get("renewable") is True)

    def _renew(self, lease: Lease) -> Lease:
        answer = self._http.post("renew-self", self._namespace, "auth/token/renew-self")
        auth = _part(answer.json(), "auth")
        if not auth:
            raise Permanent(
                Cause.VAULT_FORBIDDEN, f"renew-self: Vault answered {answer.status}"
            )
        ttl = _number(auth, "lease_duration")
        self._credential.granted(ttl)
        return Lease(ttl, lease.whole, lease.renewable)

    def attend(self) -> float:
        """Look, and tell whom it concerns; returns the seconds until the next look.

        Raises what ``on_recovery`` raises; then it is told again.
        """
        try:
            lease = self.look()
        except ReplicationError as error:
            if self.trouble is None:
                log.warning("Vault does not take our token", detail=str(error))
            self.trouble = error
            return _LOOK_AGAIN
        if self.trouble is not None:
            self._on_recovery()
            self.trouble = None
        if lease.whole and (lease.renewable or self._credential.lease()):
            # A short life must not pass its two thirds between two looks.
            return min(_LOOK_EVERY, max(1.0, lease.ttl - lease.whole / 3))
        return _LOOK_EVERY

    def _run(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            try:
                wait = self.attend()
            except Exception as error:  # a full disk must not let the token end
                log.error("the token is not looked after for now", error=error)
                wait = _LOOK_AGAIN


def _part(tree: Json, key: str) -> dict[str, Json]:
    part = tree.get(key) if isinstance(tree, dict) else None
    return part if isinstance(part, dict) else {}


def _number(data: dict[str, Json], key: str) -> float:
    value = data.get(key)
    return float(value) if isinstance(value, str) else 0.0
