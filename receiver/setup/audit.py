"""The audit devices by which the forwarder hears of changes. Pure.

A socket as the only device stops Vault while nobody listens, and a socket where nobody
listens yet fails its own enabling: neither is ever enabled by us. OpenBao takes devices
from its configuration alone, unless somebody has told it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from receiver.setup.found import Found
from receiver.setup.intent import Intent
from receiver.setup.steps import Call, Kind, Step, TextFile, needs_you, there
from vault_audit_forwarder.audit_device import (
    FILE,
    Device,
    device_for,
    devices_for,
    has_second,
    openbao_stanza,
    vault_commands,
)
from vault_audit_forwarder.settings import FileListener, Listener

_NONE = (
    "Vault has no second audit device: with the socket alone every request fails "
    "while the forwarder is away; name a file on Vault's host with --audit-file"
)


def audit_steps(intent: Intent, found: Found) -> Iterator[Step]:
    """One for each device, files first; a note when nobody named a listener."""
    if not intent.listeners:
        yield _note(found)
        return
    if found.devices is None:
        yield needs_you("audit", "sys/audit", "Vault did not say which devices it has")
        return
    wanted = _wanted(intent)
    missing = [one for one in wanted if not _is_there(device_for(one), found.devices)]
    for one in wanted:
        if one not in missing:
            device = device_for(one)
            yield there("audit", _place(device), f"Vault has this {device.type} device")
    if not missing:
        yield from _second(wanted, found.devices)
    elif intent.options.enable_audit:
        yield from _by_request(missing, wanted, found)
    else:
        yield from _by_hand(intent, missing, wanted, found)


def _note(found: Found) -> Step:
    devices = found.devices
    if devices is None:
        told = "not verified: the token may not read sys/audit"
    else:
        kinds = ", ".join(f"{one.type} {_place(one)}" for one in devices) or "none"
        told = f"devices now: {kinds}"
    more = "--audit-socket or --forwarder-config: how to enable the forwarder's"
    return Step(kind=Kind.NOTE, what="audit", name="devices", detail=f"{told}; {more}")


def _wanted(intent: Intent) -> list[Listener]:
    extra: list[Listener] = []
    if (file := intent.options.audit_file) is not None:
        extra = [FileListener(file=file)]
    files = [one for one in intent.listeners if isinstance(one, FileListener)]
    others = [one for one in intent.listeners if not isinstance(one, FileListener)]
    return [*files, *(one for one in extra if one not in files), *others]


def _place(device: Device) -> str:
    return device.options.get("address") or device.options.get("file_path", "")


def _is_there(device: Device, devices: Sequence[Device]) -> bool:
    return any(
        one.type == device.type and _place(one) == _place(device) for one in devices
    )


def _is_safe(wanted: Sequence[Listener], devices: Sequence[Device]) -> bool:
    """Whether some device does, or will, not depend on the forwarder."""
    is_file = any(isinstance(one, FileListener) for one in wanted)
    return is_file or has_second(devices, wanted)


def _second(wanted: Sequence[Listener], devices: Sequence[Device]) -> Iterator[Step]:
    if _is_safe(wanted, devices):
        yield there("audit", "second device", "there is one beside the socket")
    else:
        yield needs_you("audit", "second device", _NONE)


def _by_request(
    missing: Sequence[Listener], wanted: Sequence[Listener], found: Found
) -> Iterator[Step]:
    safe = _is_safe(wanted, found.devices or ())
    by_hand = _hand(missing, wanted, found)
    for name, device in devices_for(missing, True, ""):
        place = _place(device)
        if device.type == "socket" and not safe:
            yield needs_you("audit", place, _NONE)
        elif place in found.deaf:
            told = (
                "nothing listens there, as seen from this host: start the forwarder, "
                "and run this on Vault's host"
            )
            yield needs_you("audit", place, told)
        else:
            yield _enabled(name, device, by_hand)
            by_hand = "as above"


def _enabled(name: str, device: Device, by_hand: str) -> Step:
    path = "file" if name == FILE else name
    body = {"type": device.type, "options": device.options}
    return Step(
        kind=Kind.CREATE,
        what="audit",
        name=_place(device),
        detail=f"enable a {device.type} device",
        calls=(Call(method="POST", path=f"sys/audit/{path}", body=body),),
        otherwise=by_hand,
    )


def _by_hand(
    intent: Intent,
    missing: Sequence[Listener],
    wanted: Sequence[Listener],
    found: Found,
) -> Iterator[Step]:
    file, text = intent.options.audit_stanza, _hand(missing, wanted, found)
    if file is not None and found.is_openbao:
        stanza = _stanza(missing, wanted, found)
        if found.stanza == stanza:
            yield there("stanza", str(file), "is written")
        else:
            yield Step(
                kind=Kind.CREATE if found.stanza is None else Kind.CHANGE,
                what="stanza",
                name=str(file),
                detail="write the audit devices for OpenBao's configuration",
                file=TextFile(file, stanza),
            )
    yield needs_you("audit", "devices", text)


def _hand(missing: Sequence[Listener], wanted: Sequence[Listener], found: Found) -> str:
    """What somebody types, in several lines."""
    if found.is_openbao:
        stanza = _stanza(missing, wanted, found).rstrip()
        return f"in OpenBao's configuration, on every node:\n{stanza}"
    second = _is_safe(wanted, found.devices or ())
    commands = vault_commands(missing, second=second)
    return "\n".join(["once per cluster, in this order:", *commands])


def _stanza(
    missing: Sequence[Listener], wanted: Sequence[Listener], found: Found
) -> str:
    second = _is_safe(wanted, found.devices or ())
    return openbao_stanza(missing, second=second) + "\n"
