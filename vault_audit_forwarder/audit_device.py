"""What the operator types so that Vault sends us its audit stream. Pure.

A socket as the only audit device stops Vault whenever the forwarder is away: every
request then fails. So a second device comes first, wherever none is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vault_audit_forwarder.settings import Listener, UnixListener

FILE_PATHS = {
    "vault": "/var/log/vault/audit.log",
    "openbao": "/var/log/openbao/audit.log",
}
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # replaced, not bound


@dataclass(frozen=True)
class Device:
    """An audit device as Vault knows it."""

    type: str
    options: dict[str, str] = field(default_factory=dict)


def device_for(listener: Listener) -> Device:
    """The socket device that writes to ``listener``."""
    if isinstance(listener, UnixListener):
        address, kind = str(listener.unix), "unix"
    else:
        host, _, port = str(listener.tcp).rpartition(":")
        address = f"{_WILDCARDS.get(host.strip('[]'), host)}:{port}"
        kind = "tcp"
    return Device(
        "socket",
        {
            "address": address,
            "socket_type": kind,
            # The time a dead forwarder may hold a request up; 0 would fail them all.
            "write_timeout": "1s",
            # A listing of a large mount is one line of megabytes otherwise.
            "elide_list_responses": "true",
        },
    )


def vault_commands(listeners: Sequence[Listener], *, second: bool) -> list[str]:
    """``vault audit enable`` lines, the file device first unless ``second`` exists."""
    commands = []
    if not second:
        commands.append(f"vault audit enable file file_path={FILE_PATHS['vault']}")
    for path, device in _named(listeners):
        options = " ".join(f"{name}={value}" for name, value in device.options.items())
        commands.append(f"vault audit enable -path={path} socket {options}")
    return commands


def openbao_stanza(listeners: Sequence[Listener], *, second: bool) -> str:
    """``audit`` blocks for OpenBao's server configuration, in the same order.

    ``skip_test`` is OpenBao's alone: a node then starts although we are not there.
    """
    blocks = []
    if not second:
        options = {"file_path": FILE_PATHS["openbao"]}
        blocks.append(_block("primary", Device("file", options)))
    for path, device in _named(listeners):
        options = {**device.options, "skip_test": "true"}
        blocks.append(_block(path, Device("socket", options)))
    return "\n".join(blocks)


def has_second(devices: Sequence[Device], listeners: Sequence[Listener]) -> bool:
    """Whether Vault has a device that is none of ours."""
    ours = {device_for(listener).options["address"] for listener in listeners}
    return any(device.options.get("address") not in ours for device in devices)


def _named(listeners: Sequence[Listener]) -> list[tuple[str, Device]]:
    names = ["replicator", *(f"replicator-{n}" for n in range(2, len(listeners) + 1))]
    return [(name, device_for(one)) for name, one in zip(names, listeners, strict=True)]


def _block(path: str, device: Device) -> str:
    width = max(map(len, device.options))
    lines = [f'    {name:<{width}} = "{v}"' for name, v in device.options.items()]
    options = "\n".join(["  options {", *lines, "  }"])
    return f'audit "{device.type}" "{path}" {{\n{options}\n}}'
