"""Asks Vault which audit devices it has. Used by ``check`` alone.

Address, token and CA come from the variables that Vault's own command line reads.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx
import msgspec

from vault_audit_forwarder.audit_device import Device


class NotVerified(Exception):
    """Vault was not asked, or did not say; the text says why."""


class _Mounted(msgspec.Struct):
    type: str
    options: dict[str, str] | None = None


class _Answer(msgspec.Struct):
    data: dict[str, _Mounted]


def read_devices(env: Mapping[str, str]) -> list[Device]:
    """The enabled audit devices. Raises NotVerified."""
    address, token = env.get("VAULT_ADDR"), env.get("VAULT_TOKEN")
    if not (address and token):
        raise NotVerified("set VAULT_ADDR and VAULT_TOKEN to have Vault asked")
    try:
        tls = ssl.create_default_context(cafile=env.get("VAULT_CACERT") or None)
        with httpx.Client(verify=tls, timeout=5, trust_env=False) as client:
            # Audit devices belong to the root namespace, whatever VAULT_NAMESPACE is.
            answer = client.get(
                f"{address.rstrip('/')}/v1/sys/audit",
                headers={"X-Vault-Token": token, "X-Vault-Request": "true"},
            )
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NotVerified(f"Vault did not answer ({type(error).__name__})") from None
    if answer.status_code != 200:
        raise NotVerified(
            f"Vault answered {answer.status_code}; the token needs read and sudo "
            "on sys/audit"
        )
    return _devices(answer.content)


def _devices(body: bytes) -> list[Device]:
    try:
        mounted = msgspec.json.decode(body, type=_Answer).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotVerified("Vault's answer was no list of audit devices") from None
    return [Device(one.type, one.options or {}) for one in mounted.values()]
