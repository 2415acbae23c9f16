"""A complete ``replicator.yaml`` with its files, to be changed by each test."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.settings import Settings, load_settings
from vault_audit_forwarder.signing import new_key

MINIMAL: dict[str, Any] = {
    "listen": "127.0.0.1:8080",
    "vault": {
        "address": "https://vault.internal:8200",
        "source": "vault-prod",
        "auth": {"method": "token", "token_file": "vault-token"},
    },
    "aws": {"region": "eu-central-1"},
    "webhook": {"signing_key_files": ["signing.key"]},
    "fingerprint": {"key_files": ["fingerprint.key"]},
    "rules": [{"name": "hybrid", "mount": "kv"}],
    "queue": {"kind": "sqlite", "path": "lib/state.db"},
}

Load = Callable[..., Settings]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The directory of the configuration, with the secrets it names."""
    (tmp_path / "signing.key").write_text(new_key() + "\n")
    (tmp_path / "fingerprint.key").write_text("f" * 32 + "\n")
    (tmp_path / "admin-token").write_text("admin-secret\n")
    return tmp_path


@pytest.fixture
def load(files: Path) -> Load:
    """Load the minimal configuration with ``changes``: dotted path to value."""

    def load(changes: dict[str, Any] | None = None, **env: str) -> Settings:
        document = copy.deepcopy(MINIMAL)
        for where, value in (changes or {}).items():
            _put(document, where.split("."), value)
        path = files / "replicator.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True))
        return load_settings(path, env)

    return load


def _put(document: Any, where: list[str], value: Any) -> None:
    *parents, last = (int(part) if part.isdigit() else part for part in where)
    for part in parents:
        document = (
            document[part]
            if isinstance(document, list)
            else document.setdefault(part, {})
        )
    if value is ...:
        del document[last]
    else:
        document[last] = value
