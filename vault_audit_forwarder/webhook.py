"""Posts a batch of events, signed, and reports what came back as plain data.

The one place that talks HTTP to the receiver. A connection stays open between posts,
redirects are not followed, and neither proxies nor credentials are taken from the
environment: what is posted goes where the configuration says, and nowhere else. So
httpx's transport is enough, without the client around it, which a lone event would
wait for.
"""

from __future__ import annotations

import ssl
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing

import httpx
import msgspec

from vault_audit_forwarder import __version__, signing, wire
from vault_audit_forwarder.delivery import Answer
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.settings import Receiver
from vault_audit_forwarder.signing import Key

_EXTENSIONS = {"timeout": httpx.Timeout(30, connect=3).as_dict()}
_LIMITS = httpx.Limits(keepalive_expiry=90)
_MAX_ANSWER_BYTES = 64 * 1024
_HEADERS = {
    "user-agent": f"vault-audit-forwarder/{__version__}",
    "accept-encoding": "identity",
}


class _Refusal(msgspec.Struct):
    index: int | None = None


class Webhook:
    """The receiver as the forwarder sees it. May be used from several threads."""

    def __init__(
        self,
        receiver: Receiver,
        keys: Callable[[], Sequence[Key]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``keys`` is asked at every post. Raises CommandError for unusable files."""
        self._url = httpx.URL(receiver.url)
        self._keys = keys
        self._clock = clock
        self._transport = _transport(receiver)
        self._retired: httpx.HTTPTransport | None = None

    def close(self) -> None:
        """Give up the open connections."""
        self._transport.close()
        if self._retired is not None:
            self._retired.close()

    def renew(self, receiver: Receiver, keys: Callable[[], Sequence[Key]]) -> None:
        """Sign with other keys, and read the TLS files again. Raises CommandError.

        The old connections stay until the next time: a post may be on its way.
        """
        transport = _transport(receiver)
        if self._retired is not None:
            self._retired.close()
        self._retired, self._transport = self._transport, transport
        self._keys = keys

    def post(self, events: Sequence[bytes]) -> Answer:
        """Send encoded events as one batch; every failure comes back as an Answer."""
        body = wire.encode_batch(list(events))
        headers = signing.sign(
            self._keys(),
            message_id=str(uuid.uuid4()),
            timestamp=int(self._clock()),
            body=body,
        )
        headers |= {"content-type": wire.BATCH_JSON, **_HEADERS}
        try:
            return self._exchange(body, headers)
        except httpx.HTTPError as error:
            return Answer(None, problem=_describe(error))

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Answer:
        request = httpx.Request(
            "POST", self._url, content=body, headers=headers, extensions=_EXTENSIONS
        )
        with closing(self._transport.handle_request(request)) as response:
            text = b""
            for chunk in response.iter_raw():
                text += chunk
                if len(text) > _MAX_ANSWER_BYTES:
                    text = b""  # no answer of the receiver's is that long
                    break
        return Answer(
            response.status_code,
            retry_after=response.headers.get("retry-after"),
            index=_index(text) if response.status_code == 422 else None,
        )


def _transport(receiver: Receiver) -> httpx.HTTPTransport:
    return httpx.HTTPTransport(verify=_tls(receiver), limits=_LIMITS)


def _tls(receiver: Receiver) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=receiver.ca_file)
        if receiver.client_cert_file:
            context.load_cert_chain(receiver.client_cert_file, receiver.client_key_file)
    except (OSError, ssl.SSLError) as error:
        files = (receiver.ca_file, receiver.client_cert_file, receiver.client_key_file)
        named = ", ".join(str(file) for file in files if file)
        raise CommandError(
            f"TLS files cannot be used ({error.strerror or type(error).__name__}): "
            f"they must be PEM, and readable: {named}"
        ) from error
    return context


def _describe(error: httpx.HTTPError) -> str:
    # Only a failed connect has a text of our own system; others can quote the peer.
    if isinstance(error, httpx.ConnectError):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def _index(body: bytes) -> int | None:
    try:
        return msgspec.json.decode(body, type=_Refusal).index
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
