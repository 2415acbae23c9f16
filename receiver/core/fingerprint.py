"""Version ids and seals: how currency and ownership are proven without any value.

A version id is ``v<version>-`` and an HMAC over everything that decides the bytes:
who can only read metadata learns nothing, who can only write cannot forge one. The
same inputs give the same id, so a repeated put is a no-op. A seal binds the
ownership tags to one ARN, whose random suffix changes when a secret is re-created.

The first key signs, all keys verify. The nonce counts repairs of one version.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from receiver.core.render import RENDERER
from receiver.core.rules import Rule
from receiver.core.state import Observed, SecretRef, Value

MANAGED_BY, SOURCE, PATH = "managed-by", "vault-source", "vault-path"
SEAL, RELEASED = "vault-seal", "vault-released"
US = "vault-secrets-replicator"
MAX_NONCE = 9


@dataclass(frozen=True, slots=True)
class Subject:
    """What a version id speaks of; ``target`` is Region and name."""

    source: str
    ref: SecretRef
    value: Value
    mapping: str
    target: str


def mapping_of(rule: Rule) -> str:
    """What of a rule decides the bytes of a value."""
    return f"{RENDERER} {rule.target.format_key or ''}"


class Fingerprint:
    """The keys, and what is made with them."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("at least one fingerprint key is needed")
        # A key that is named twice is one, and no former key of itself.
        self._keys = [key.encode() for key in dict.fromkeys(keys)]
        self._ids = [_digest(key, ("key id",))[:8] for key in self._keys]

    def __repr__(self) -> str:
        return f"Fingerprint({len(self._keys)} keys)"

    @property
    def has_former_keys(self) -> bool:
        """Whether there are keys that verify and do not sign."""
        return len(self._keys) > 1

    def version_id(self, subject: Subject, nonce: int = 0) -> str:
        """The id (55 to 64 characters) under which the value is put."""
        return _version_id(self._keys[0], subject, nonce)

    def nonce_of(self, subject: Subject, version_id: str | None) -> int | None:
        """The nonce with which ``version_id`` was made from ``subject`` by one of
        our keys; None when it was not."""
        if version_id is None or not version_id.startswith(_prefix(subject)):
            return None
        for key in self._keys:
            for nonce in range(MAX_NONCE + 1):
                if hmac.compare_digest(_version_id(key, subject, nonce), version_id):
                    return nonce
        return None

    def is_fresh(self, subject: Subject, version_id: str, nonce: int) -> bool:
        """Whether ``version_id`` was made with the key that signs now."""
        return hmac.compare_digest(self.version_id(subject, nonce), version_id)

    def knows_key_of(self, observed: Observed) -> bool:
        """Whether the seal, if there is one, names one of our keys. It may be wrong
        all the same."""
        given = observed.tags.get(SEAL)
        return given is None or given.partition(":")[0] in self._ids

    def seal(self, arn: str, source: str, ref: SecretRef) -> str:
        """The value of the tag ``vault-seal``: key id and keyed digest."""
        return self._seal(0, arn, source, ref)

    def is_sealed(self, observed: Observed, source: str, ref: SecretRef) -> bool:
        """Whether the seal was made by one of our keys for this very ARN."""
        given = observed.tags.get(SEAL, "").encode()
        numbers = range(len(self._keys))
        seals = (self._seal(number, observed.arn, source, ref) for number in numbers)
        return any([hmac.compare_digest(seal.encode(), given) for seal in seals])

    def _seal(self, number: int, arn: str, source: str, ref: SecretRef) -> str:
        fields = ("seal", arn, source, ref.namespace, ref.mount, ref.path)
        return f"{self._ids[number]}:{_digest(self._keys[number], fields)}"


def _prefix(subject: Subject) -> str:
    version = subject.value.version
    return "c-" if version is None else f"v{version}-"


def _version_id(key: bytes, subject: Subject, nonce: int) -> str:
    value, ref = subject.value, subject.ref
    # KV v1 has neither version nor time: there the content itself is the version.
    what = value.body if value.version is None else str(value.version)
    fields = (
        "version", subject.source, ref.namespace, ref.mount, ref.path, what,
        value.created_time or "", subject.mapping, subject.target, str(nonce),
    )  # fmt: skip
    return _prefix(subject) + _digest(key, fields)


def _digest(key: bytes, fields: Iterable[str]) -> str:
    """52 lower-case base32 characters; lengths keep the fields apart."""
    message = b"".join(
        len(data).to_bytes(4, "big") + data
        for data in (field.encode("utf-8", "surrogatepass") for field in fields)
    )
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()
