"""Audit devices: what is enabled, what is told, and what never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from receiver.setup.audit import audit_steps
from receiver.setup.planning import steps
from receiver.setup.steps import Kind, Step
from tests.unit.setup.intents import found, intent
from vault_audit_forwarder.audit_device import Device
from vault_audit_forwarder.settings import FileListener, UnixListener

SOCKET = UnixListener(unix=Path("/run/audit.sock"))
OURS = Device("socket", {"address": "/run/audit.sock"})
FILE = Device("file", {"file_path": "/var/log/vault/audit.log"})


def audit(*devices: Device, deaf: tuple[str, ...] = (), **options: Any) -> list[Step]:
    listeners = options.pop("listeners", (SOCKET,))
    wanted = intent(listeners=listeners, **options)
    return list(audit_steps(wanted, found(devices=list(devices), deaf=deaf)))


def test_the_commands_are_told_a_file_first() -> None:
    """As the forwarder's check prints them."""
    (step,) = audit()

    assert (step.kind, step.calls) == (Kind.NEEDS_YOU, ())
    assert step.detail.splitlines() == [
        "once per cluster, in this order:",
        "vault audit enable file file_path=/var/log/vault/audit.log",
        "vault audit enable -path=replicator socket address=/run/audit.sock "
        "socket_type=unix write_timeout=1s elide_list_responses=true",
    ]


def test_a_socket_is_never_the_only_device() -> None:
    """Not when it is to be enabled, and not when it is there already."""
    for steps_ in (audit(enable_audit=True), audit(OURS)[-1:]):
        (step,) = steps_
        assert (step.kind, step.calls) == (Kind.NEEDS_YOU, ())
        assert "no second audit device" in step.detail


def test_a_file_that_was_asked_for_comes_first() -> None:
    """Then the socket, each by one request."""
    made = audit(enable_audit=True, audit_file=Path("/var/log/a.log"))

    assert [(step.kind, step.calls[0].path) for step in made] == [
        (Kind.CREATE, "sys/audit/file"),
        (Kind.CREATE, "sys/audit/replicator"),
    ]
    assert made[0].calls[0].body["options"] == {
        "file_path": "/var/log/a.log",
        "mode": "0640",
    }


def test_a_socket_at_which_nobody_listens_is_not_enabled() -> None:
    """Vault would fail to, or worse."""
    (step,) = audit(FILE, enable_audit=True, deaf=("/run/audit.sock",))

    assert (step.kind, step.calls) == (Kind.NEEDS_YOU, ())
    assert "nothing listens there" in step.detail


def test_a_file_that_the_forwarder_follows_is_enough() -> None:
    """There is no socket that could be left alone."""
    listeners = (FileListener(file=Path("/var/log/vault/audit.log")),)
    both = audit(FILE, listeners=listeners)
    (made,) = audit(listeners=listeners, enable_audit=True)

    assert {step.kind for step in both} == {Kind.THERE}
    assert made.calls[0].path == "sys/audit/file"


def test_what_vault_does_not_tell_is_not_taken_for_well() -> None:
    """A listener was named, so somebody wants to know."""
    (step,) = audit_steps(intent(listeners=(SOCKET,)), found(devices=None))

    assert step.kind is Kind.NEEDS_YOU


def test_old_vaults_lose_entries() -> None:
    """Which is a note: the comparison finds what they told."""
    for version, is_old in (("1.16.3+ent", True), ("1.14.1", False), ("1.18.0", False)):
        first = steps(intent(), found(version=version))[0]
        assert (first.what == "version", first.kind is Kind.NOTE) == (is_old, is_old)
    assert steps(intent(), found(version="1.16.0", is_openbao=True))[0].what == "mount"
