"""``vault-audit-forwarder check``: everything is looked at, then the verdict.

Nothing is changed: no socket is bound, no event is sent; the receiver gets one empty
signed batch, which it must answer with 202 as it would a full one.
"""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vault_audit_forwarder.audit_device import (
    Device,
    has_second,
    openbao_stanza,
    vault_commands,
)
from vault_audit_forwarder.delivery import explain
from vault_audit_forwarder.program.checks import Check, Report
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.settings import (
    EXPOSED,
    PLAIN,
    FileListener,
    Listener,
    Settings,
    UnixListener,
)
from vault_audit_forwarder.signing_keys import SigningKeys
from vault_audit_forwarder.vault_devices import NotVerified, read_devices
from vault_audit_forwarder.webhook import Webhook


@dataclass(frozen=True)
class DeviceReport(Report):
    """All checks, and how to enable the audit device."""

    vault_commands: Sequence[str]
    openbao_stanza: str

    def as_text(self) -> str:
        """What a person reads."""
        return "\n".join(
            [
                *map(str, self.checks),
                "",
                "Vault, in this order (once per cluster):",
                *(f"  {command}" for command in self.vault_commands),
                "",
                "OpenBao, in the server configuration of every node:",
                *(f"  {line}" for line in self.openbao_stanza.splitlines()),
                "",
                self.verdict,
            ]
        )


def check(settings: Settings, env: Mapping[str, str]) -> DeviceReport:
    """Run all checks. Raises nothing of its own: what fails is in the report."""
    devices = _devices(settings.listen, env)
    known = any(one.name == _SECOND and one.state == "ok" for one in devices)
    return DeviceReport(
        [
            Check("configuration", "ok", "valid"),
            *(_listener(listener) for listener in settings.listen),
            _attempt("spool", lambda: _spool(settings.spool.path)),
            *_transport(settings),
            _attempt("receiver", lambda: _receiver(settings)),
            *devices,
        ],
        vault_commands(settings.listen, second=known),
        openbao_stanza(settings.listen, second=known),
    )


def _attempt(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look())
    except CommandError as error:
        return Check(name, "failed", str(error))


def _listener(listener: Listener) -> Check:
    if isinstance(listener, UnixListener):
        return _attempt("listener", lambda: _socket(listener))
    if isinstance(listener, FileListener):
        return _file(listener.file)
    if listener.is_exposed:
        return Check("listener", "warning", f"tcp {listener.tcp}: {EXPOSED}")
    return Check("listener", "ok", f"tcp {listener.tcp}")


def _socket(listener: UnixListener) -> str:
    directory = listener.unix.parent
    _must_be_writable(directory, f"create {directory}, reachable for Vault")
    if listener.group is not None:
        try:
            grp.getgrnam(listener.group)
        except KeyError:
            raise CommandError(f"there is no group {listener.group}") from None
    return f"unix {listener.unix}"


def _file(path: Path) -> Check:
    if os.path.isdir(path.parent) and not os.access(path.parent, os.R_OK | os.X_OK):
        cannot = f"this user cannot list {path.parent}: rotated files are not found"
        return Check("listener", "failed", cannot)
    if not os.path.exists(path):
        missing = f"file {path}: it does not exist yet, and is waited for"
        return Check("listener", "warning", missing)
    return _attempt("listener", lambda: _readable(path))


def _readable(path: Path) -> str:
    if not path.is_file():
        raise CommandError(f"{path} is no regular file")
    if not os.access(path, os.R_OK):
        raise CommandError(
            f"this user cannot read {path}: give the audit device mode=0640, and "
            "this user the group of the file"
        )
    return f"file {path}"


def _spool(path: Path) -> str:
    existing = next(parent for parent in path.parents if parent.exists())
    _must_be_writable(existing, f"let this user create {path}")
    return str(path)


def _must_be_writable(directory: Path, todo: str) -> None:
    if not directory.is_dir():
        raise CommandError(f"the directory {directory} does not exist: {todo}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise CommandError(f"this user cannot write to {directory}: {todo}")


def _transport(settings: Settings) -> list[Check]:
    if not settings.receiver.is_plain:
        return []
    return [Check("transport", "warning", PLAIN)]


def _receiver(settings: Settings) -> str:
    keys = SigningKeys(settings.receiver.signing_key_file)
    webhook = Webhook(settings.receiver, keys.current)
    try:
        answer = webhook.post([])
    finally:
        webhook.close()
    if answer.status != 202:
        raise CommandError(explain(answer))
    return "took an empty signed batch"


_SECOND, _FILE = "second audit device", "file audit device"


def _devices(listeners: Sequence[Listener], env: Mapping[str, str]) -> list[Check]:
    files = [one for one in listeners if isinstance(one, FileListener)]
    needs_second = len(files) < len(listeners)
    try:
        found = read_devices(env)
    except NotVerified as error:
        names = [_SECOND] * needs_second + [_FILE] * len(files)
        return [Check(name, "not verified", f"not verified: {error}") for name in names]
    second = [_second_device(found, listeners)] if needs_second else []
    return [*second, *(_file_device(found, one.file) for one in files)]


def _second_device(found: Sequence[Device], listeners: Sequence[Listener]) -> Check:
    if has_second(found, listeners):
        return Check(_SECOND, "ok", "Vault has one beside the socket")
    return Check(
        _SECOND,
        "failed",
        "Vault has none: with the socket alone every request fails while the "
        "forwarder is away; enable the file device first",
    )


def _file_device(found: Sequence[Device], path: Path) -> Check:
    if any(device.options.get("file_path") == str(path) for device in found):
        return Check(_FILE, "ok", f"Vault writes to {path}")
    return Check(
        _FILE,
        "warning",
        f"Vault has none with the path {path}: enable it, unless Vault knows the file "
        "by another path",
    )
