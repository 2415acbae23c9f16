"""Posts a notification over HTTP: the one place where its three services are alike.

Certificates are checked and redirects are not followed. The proxies of the environment
are used, as boto3 does too: chats and pagers are on the internet, and receivers often
are not. An error never names the address, which for a chat is its password.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from receiver import __version__
from receiver.notifying import NotSent

_TIMEOUT = httpx.Timeout(10, connect=5)
_HEADERS = {"user-agent": f"vault-secrets-replicator/{__version__}"}


class Poster:
    """Keeps no connection: there are hours between two messages."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        """``transport`` takes the place of the network's."""
        self._transport = transport

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Deliver JSON. Raises NotSent unless the answer is a 2xx."""
        sent = {**_HEADERS, "content-type": "application/json", **headers}
        try:
            with httpx.Client(timeout=_TIMEOUT, transport=self._transport) as client:
                answer = client.post(url, content=body, headers=sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotSent(f"no answer: {type(error).__name__}") from None
        if not answer.is_success:
            raise NotSent(
                f"the answer was {answer.status_code}",
                after=_seconds(answer.headers.get("retry-after")),
            )


def _seconds(retry_after: str | None) -> float | None:
    """A number of seconds; a date is rare enough to be left to our own pace."""
    if retry_after and retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:6])
    return None
