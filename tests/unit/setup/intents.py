"""An intent and what was found, with what a test cares about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from receiver.auth_settings import VaultAuth
from receiver.core.rules import Rule
from receiver.setup.found import Engine, Found
from receiver.setup.intent import Intent, Options
from vault_audit_forwarder.settings import Listener

_AUTH: TypeAdapter[VaultAuth] = TypeAdapter(VaultAuth)
TOKEN = {"method": "token", "token_file": "/run/token"}


def intent(
    auth: dict[str, Any] | None = None,
    *rules: Rule,
    listeners: tuple[Listener, ...] = (),
    home: str = "",
    **options: Any,
) -> Intent:
    """For one rule over the mount ``kv`` unless there are others."""
    return Intent(
        address="https://vault:8200",
        home=home,
        rules=rules or (Rule(name="r", mount="kv"),),
        auth=_AUTH.validate_python(auth or TOKEN, context={"directory": Path("/run")}),
        options=Options(**options),
        listeners=listeners,
    )


def found(**given: Any) -> Found:
    """A Vault 1.18 with the mount ``kv``, of version 2."""
    engines = {("", "kv"): Engine("kv", 2)}
    return Found(**{"version": "1.18.0", "engines": engines} | given)
