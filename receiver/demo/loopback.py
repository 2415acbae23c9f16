"""Requests to what is started here, over plain HTTP on this machine.

For each request without a client httpx reads the certificates of all authorities,
which takes longer than most answers, and far too long for asking again and again
whether a program is up. Here nobody is trusted, as there is nobody to trust.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx


def client(**keywords: Any) -> httpx.Client:
    """A client; the keywords are those of httpx."""
    return httpx.Client(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False, **keywords
    )


def request(
    method: str, url: str, *, timeout: float = 5.0, **keywords: Any
) -> httpx.Response:
    """One request; the keywords are those of httpx. Raises TransportError."""
    with client(timeout=timeout) as once:
        return once.request(method, url, **keywords)


def answers(url: str) -> bool:
    """Whether it answers with 200."""
    try:
        return request("GET", url).status_code == 200
    except httpx.TransportError:
        return False
