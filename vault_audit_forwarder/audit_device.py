"""What the operator types so that Vault sends us its audit stream. Pure.

A socket as the only audit device stops Vault whenever the forwarder is away: every
request then fails. So a second device comes first, wherever none is known; a file that
the forwarder follows is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vault_audit_forwarder.settings import (
    FileListener,
    Listener,
    UnixListener,
)

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
    """The device that writes to ``listener``."""
    if isinstance(listener, FileListener):
        # Vault gives a file the mode 0600 otherwise, and we are another user.
        return Device("file", {"file_path": str(listener.file), "mode": "0640"})
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
    """``vault audit enable`` lines, files first.

    One more file comes before them, unless there is one or a ``second`` device.
    """
    commands = []
    for name, device in devices_for(listeners, second, FILE_PATHS["vault"]):
        path = "" if name == FILE else f"-path={name} "
        options = " ".join(f"{key}={value}" for key, value in device.options.items())
        commands.append(f"vault audit enable {path}{device.type} {options}")
    return commands


def openbao_stanza(listeners: Sequence[Listener], *, second: bool) -> str:
    """``audit`` blocks for OpenBao's server configuration, in the same order.

    ``skip_test`` is OpenBao's alone: a node then starts although we are not there.
    """
    blocks = []
    for name, device in devices_for(listeners, second, FILE_PATHS["openbao"]):
        skip = {"skip_test": "true"} if device.type == "socket" else {}
        blocks.append(_block(name, Device(device.type, device.options | skip)))
    return "\n".join(blocks)


def has_second(devices: Sequence[Device], listeners: Sequence[Listener]) -> bool:
    """Whether Vault has a device that does not depend on us."""
    ours = {device_for(one).options.get("address") for one in listeners} - {None}
    return any(device.options.get("address") not in ours for device in devices)


#: The first file device; Vault calls it ``file`` where nobody names it.
FILE, _SOCKET = "primary", "replicator"


def devices_for(
    listeners: Sequence[Listener], second: bool, path: str
) -> list[tuple[str, Device]]:
    """Names and devices, files first; one more file at ``path``, unless there is one
    or a ``second`` device."""
    devices = [device_for(one) for one in listeners]
    files = [one for one in devices if one.type == "file"]
    if not files and not second:
        files = [Device("file", {"file_path": path})]
    sockets = [one for one in devices if one.type == "socket"]
    return [*_named(FILE, files), *_named(_SOCKET, sockets)]


def _named(name: str, devices: Sequence[Device]) -> list[tuple[str, Device]]:
    names = [name, *(f"{name}-{n}" for n in range(2, len(devices) + 1))]
    return list(zip(names, devices, strict=False))


def _block(path: str, device: Device) -> str:
    width = max(map(len, device.options))
    lines = [f'    {name:<{width}} = "{v}"' for name, v in device.options.items()]
    options = "\n".join(["  options {", *lines, "  }"])
    return f'audit "{device.type}" "{path}" {{\n{options}\n}}'
