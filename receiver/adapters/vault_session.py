"""What carries hvac's requests: urllib3's connection pool, without requests' layers.

A read of one secret is most of what this program does, and through requests it costs
more than twice the processor time. Proxies and credentials are not taken from the
environment. A redirect is followed, as a standby that does not forward answers one.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import MaxRetryError

from vault_audit_forwarder.program.errors import CommandError

#: Of one request; further ones are a loop.
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Response:
    """The part of an answer that hvac and we look at."""

    status_code: int
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.status_code < 400


class VaultSession:
    """Takes the place of a ``requests.Session`` in an adapter of hvac's. Safe to use
    from several threads."""

    # hvac takes these over from a session that has them; here the pool holds them.
    verify = cert = proxies = None

    def __init__(self, *, ca_file: str | None, connections: int) -> None:
        """Keeps up to ``connections`` to each node. Raises CommandError."""
        self._tls = _tls(ca_file)
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=connections,
            ssl_context=self._tls,
            # A failure is the caller's: raised as it is, and not tried again here.
            retries=urllib3.Retry(
                total=None,
                connect=False,
                read=False,
                redirect=_MOST_REDIRECTS,
                other=0,
                respect_retry_after_header=False,
            ),
            headers={"User-Agent": "vault-secrets-replicator"},
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        params: Mapping[str, str] | None = None,
        json: object = None,
        **_rest: Any,
    ) -> Response:
        """The answer, whatever its status. Raises urllib3.exceptions.HTTPError.

        ``timeout``: seconds for connecting, and for each read. ``json`` is the body.
        """
        try:
            answer = self._pool.request(
                method.upper(),
                f"{url}?{urlencode(params)}" if params else url,
                headers={**self._pool.headers, **headers},
                json=json,
                timeout=urllib3.Timeout(connect=timeout, read=timeout),
            )
        except MaxRetryError as error:
            raise error.reason or error from None
        return Response(answer.status, answer.data)

    def present(self, cert_file: Path, key_file: Path) -> None:
        """Show this certificate on connections made from now on, and use no older
        ones. Raises CommandError."""
        try:
            self._tls.load_cert_chain(cert_file, key_file)
        except OSError as error:
            raise CommandError(
                f"{cert_file} and {key_file} cannot be used "
                f"({error.strerror or type(error).__name__}): they must be a "
                "certificate and its key in PEM, and readable"
            ) from error
        self._pool.clear()

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one too
        raise CommandError(
            f"vault.ca_file: {ca_file} cannot be used "
            f"({error.strerror or type(error).__name__}): it must hold certificates "
            "in PEM, and be readable"
        ) from error
