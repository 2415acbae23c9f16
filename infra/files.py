"""The files that the receiver reads, and from which variables the init container
(``place_files.py``) writes them. Pure."""

from __future__ import annotations

from typing import TypeAlias

from infra.config import Config
from infra.names import Names

#: Where the image has volumes of the receiver's user (infra/docker/Dockerfile).
FILES = "/run/vault-replicator"
STATE = "/var/lib/vault-replicator"
CONFIGURATION = f"{FILES}/replicator.yaml"
VAULT_CA = f"{FILES}/vault-ca.crt"
_SIGNING, _FINGERPRINT = "signing.key", "fingerprint.key"
#: Of a rotation: the secret holds the new key and, on a second line, the old one.
_FORMER = ".former"

Placed: TypeAlias = dict[str, str | int]


def signing_files() -> list[str]:
    """The key that signs now, and the one before it."""
    return [f"{FILES}/{_SIGNING}", f"{FILES}/{_SIGNING}{_FORMER}"]


def fingerprint_files() -> list[str]:
    """The key that signs now, and the one before it."""
    return [f"{FILES}/{_FINGERPRINT}", f"{FILES}/{_FINGERPRINT}{_FORMER}"]


def token_file(name: str) -> str:
    """Where the bearer token ``name`` is."""
    return f"{FILES}/token-{name}"


def token_variable(name: str) -> str:
    """The variable that it comes from."""
    return f"TOKEN_{name.upper().replace('-', '_')}"


def files(config: Config) -> list[Placed]:
    """All of them, as place_files.py wants them told."""
    found: list[Placed] = [
        {"name": "replicator.yaml", "variable": "CONFIGURATION"},
        *_keys(_SIGNING, "SIGNING", prefix="whsec_"),
        *_keys(_FINGERPRINT, "FINGERPRINT", prefix=""),
    ]
    for name in Names(config).tokens():
        found.append({"name": f"token-{name}", "variable": token_variable(name)})
    if config.vault_ca_file is not None or config.demo_vault:
        found.append({"name": "vault-ca.crt", "variable": "VAULT_CA"})
    return found


def _keys(name: str, variable: str, *, prefix: str) -> list[Placed]:
    return [
        {"name": name + end, "variable": variable, "prefix": prefix, "line": line}
        for line, end in enumerate(("", _FORMER))
    ]
