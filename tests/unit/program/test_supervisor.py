"""What systemd is told, heard on a real datagram socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vault_audit_forwarder.program.supervisor import Supervisor

pytestmark = pytest.mark.integration


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(systemd: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(systemd.recv(1000).decode())
        except BlockingIOError:
            return messages


def test_each_stage_is_one_message(systemd: socket.socket) -> None:
    """Ready, reloading with the time at which it began, ready again, stopping."""
    supervisor = Supervisor({"NOTIFY_SOCKET": systemd.getsockname()}, clock=Clock())

    supervisor.ready()
    supervisor.reloading()
    supervisor.ready()
    supervisor.stopping()

    assert heard(systemd) == [
        "READY=1",
        "RELOADING=1\nMONOTONIC_USEC=1000000000",
        "READY=1",
        "STOPPING=1",
    ]


def test_a_name_in_the_abstract_namespace_is_understood(tmp_path: Path) -> None:
    """systemd may name its socket with a leading @."""
    name = f"@{tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:])
        listening.setblocking(False)

        Supervisor({"NOTIFY_SOCKET": name}).ready()

        assert heard(listening) == ["READY=1"]


def test_four_signs_of_life_fit_into_the_time_out(systemd: socket.socket) -> None:
    """However often the reader turns, systemd is not woken for each turn."""
    clock = Clock()
    env = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000000"}
    supervisor = Supervisor(env, clock=clock)

    for _ in range(80):
        supervisor.beat()
        clock.now += 0.25

    assert heard(systemd) == ["WATCHDOG=1"] * 4


def test_without_a_watchdog_there_are_no_signs(systemd: socket.socket) -> None:
    """The unit has no WatchdogSec=, so nobody waits for them."""
    Supervisor({"NOTIFY_SOCKET": systemd.getsockname()}).beat()

    assert heard(systemd) == []


def test_nobody_asked(tmp_path: Path) -> None:
    """Without NOTIFY_SOCKET every call does nothing."""
    supervisor = Supervisor({"WATCHDOG_USEC": "1000000"})

    supervisor.ready()
    supervisor.beat()


def test_a_supervisor_that_is_away_or_full_ends_nothing(
    tmp_path: Path, systemd: socket.socket
) -> None:
    """The reader goes on: a missing socket is ignored, a full one is not waited for."""
    clock = Clock()
    away = {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "4"}
    full = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "4"}

    Supervisor(away, clock=clock).ready()
    supervisor = Supervisor(full, clock=clock)
    for _ in range(10_000):
        clock.now += 1
        supervisor.beat()

    assert 0 < len(heard(systemd)) < 10_000
