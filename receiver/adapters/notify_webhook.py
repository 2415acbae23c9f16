"""Tells anybody who takes a webhook with a Standard Webhooks signature.

The message id is made anew for each try: what is said may have changed since the last.
Who acts on it goes by the ``key`` of a trouble.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from receiver.adapters.notify_files import SecretText
from receiver.adapters.notify_http import Poster
from receiver.core.notify.trouble import Message, Trouble
from receiver.core.notify.wording import Herald, printable
from receiver.notifying import NotSent
from vault_audit_forwarder import signing
from vault_audit_forwarder.signing import InvalidKey

TYPE = "replicator.troubles"


class SignedChannel:
    """Signed with each of ``keys``, so that one can be replaced."""

    def __init__(
        self,
        url: str,
        keys: Sequence[SecretText],
        herald: Herald,
        poster: Poster,
        *,
        now: Callable[[], float],
    ) -> None:
        self._url = url
        self._keys = keys
        self._herald = herald
        self._poster = poster
        self._now = now

    def send(self, message: Message) -> None:
        """Post it. Raises NotSent."""
        now = self._now()
        body = json.dumps(webhook_body(message, self._herald, now)).encode()
        try:
            keys = [signing.parse_key(key.current()) for key in self._keys]
        except InvalidKey as error:
            raise NotSent(f"the signing key cannot be used: {error}") from error
        headers = signing.sign(
            keys, message_id=f"msg_{uuid.uuid4().hex}", timestamp=int(now), body=body
        )
        self._poster.post(self._url, body, headers)


def webhook_body(message: Message, herald: Herald, now: float) -> dict[str, Any]:
    """Type, time and data, as the specification proposes."""
    return {
        "type": TYPE,
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "data": {
            "format_version": 1,
            "source": herald.source,
            "title": herald.title(message),
            "severity": message.severity.value,
            "began": [_trouble(one, herald) for one in message.began],
            "lasting": [_trouble(one, herald) for one in message.lasting],
            "recovered": [_trouble(one, herald) for one in message.recovered],
        },
    }


def _trouble(trouble: Trouble, herald: Herald) -> dict[str, Any]:
    return {
        "key": trouble.key,
        "severity": trouble.severity.value,
        "summary": printable(trouble.summary),
        "count": trouble.count,
        "names": [printable(name) for name in trouble.names],
        "do": printable(trouble.do),
        "link": herald.link(trouble),
    }
