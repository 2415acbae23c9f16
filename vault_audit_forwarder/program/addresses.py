"""Addresses in a configuration: what a URL may hold, and what only this host sees."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def check_url(value: str, *, example: str) -> str:
    """An http or https URL without user, password, query or fragment, and without
    slashes at its end. Raises ValueError, in words that do not repeat it."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ValueError(f"must be a URL, as in {example}")
    if parts.username or parts.password:
        raise ValueError("must hold no user or password")
    return value.rstrip("/")


def is_plain(url: str) -> bool:
    """Whether what goes to ``url`` would cross a network unencrypted."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine, judged by its text alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
