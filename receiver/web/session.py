"""The cookie of a person who has logged in with a token.

It names the token and when the person came, signed with a key made from that token: a
token that is changed or removed ends every session that began with it, and several
receivers with the same tokens take each other's cookies. The token is not in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from itsdangerous import BadData, URLSafeSerializer

from receiver.keyring import Token

COOKIE = "vault_replicator_session"
#: A shift and its handover, in seconds.
LASTS = 12 * 3600

_SALT = "vault-secrets-replicator session"
#: Clocks of several receivers differ a little.
_SKEW = 60


def seal(token: Token, now: float) -> str:
    """The cookie's value for somebody who has just shown ``token``."""
    return _serializer(token).dumps([token.name, int(now)])


def unseal(cookie: str, tokens: Sequence[Token], now: float) -> Token | None:
    """The token that the cookie was made from, if it is one of ``tokens`` and the
    session is not over."""
    for token in tokens:
        try:
            name, began = _serializer(token).loads(cookie)
        except (BadData, UnicodeError):
            continue
        if name == token.name and -_SKEW <= now - began < LASTS:
            return token
    return None


def _serializer(token: Token) -> URLSafeSerializer:
    return URLSafeSerializer(
        token.secret,
        salt=_SALT,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
