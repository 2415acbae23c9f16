"""Configuration files that are shipped, read by the loaders of the programs."""

from __future__ import annotations

from pathlib import Path

from receiver.settings import Settings as ReceiverSettings
from receiver.settings import load_settings as load_receiver
from vault_audit_forwarder.settings import Settings as ForwarderSettings
from vault_audit_forwarder.settings import load_settings as load_forwarder

INFRA = Path(__file__).parents[2] / "infra"


def forwarder_settings(file: Path, **env: str) -> ForwarderSettings:
    """Raises ConfigError, with line and column, when it is wrong."""
    return load_forwarder(file, env)


def receiver_settings(file: Path, **env: str) -> ReceiverSettings:
    """Raises ConfigError, with line and column, when it is wrong."""
    return load_receiver(file, env)
