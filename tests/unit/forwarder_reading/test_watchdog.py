"""The watchdog with real processes: who is killed, when, and by what."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vault_audit_forwarder.watchdog import Watchdog

pytestmark = pytest.mark.integration

DEADLINE = 20.0

PROGRAM = """
import os, socket, sys, time
from vault_audit_forwarder.watchdog import Watchdog

listener = socket.create_server(("127.0.0.1", 0))
listener.set_inheritable(True)
watchdog = Watchdog()
watchdog.start(float(sys.argv[1]))
with open(f"/proc/self/task/{os.getpid()}/children") as children:
    print(children.read().strip(), flush=True)
"""
BEATS = """
while True:
    watchdog.beat()
    time.sleep(0.1)
"""
HANGS = """
watchdog.beat()
time.sleep(3600)
"""
STOPS = """
for _ in range(20):
    watchdog.beat()
    time.sleep(0.1)
watchdog.stop()
watchdog.beat()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    sys.exit(7)
"""

Run = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a watched program; the process, and the process id of its watchdog."""
    started: list[subprocess.Popen[str]] = []

    def start(ending: str, timeout: float = 1.0) -> tuple[subprocess.Popen[str], int]:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM + ending, str(timeout)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        started.append(program)
        assert program.stdout is not None
        return program, int(program.stdout.readline())

    yield start
    for program in started:
        program.kill()
        program.communicate()


def wait_for_end(process: int) -> None:
    """Wait until a process that is not our child has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], DEADLINE)[0], "has not ended"
    finally:
        os.close(descriptor)


def wait_until_signals_are_ignored(process: int) -> None:
    deadline = time.monotonic() + DEADLINE
    wanted = 1 << (signal.SIGTERM - 1)
    while time.monotonic() < deadline:
        status = Path(f"/proc/{process}/status").read_text()
        ignored = status.split("SigIgn:")[1].split()[0]
        if int(ignored, 16) & wanted:
            return
        os.sched_yield()
    pytest.fail("the watchdog did not come up")


def test_a_process_that_no_longer_beats_is_killed(run: Run) -> None:
    """A hung reader ends within the time-out, and the log says why."""
    program, watchdog = run(HANGS)

    _, errors = program.communicate(timeout=DEADLINE)

    assert program.returncode == -signal.SIGKILL
    assert "the reader hung" in errors
    wait_for_end(watchdog)


def test_a_stopped_process_is_killed(run: Run) -> None:
    """SIGSTOP is the worst hang: no code of the process runs any more."""
    program, _ = run(BEATS)

    program.send_signal(signal.SIGSTOP)

    assert program.wait(DEADLINE) == -signal.SIGKILL


def test_a_beating_process_lives_and_can_do_without(run: Run) -> None:
    """Beating past the time-out is enough, and stop leaves no process behind."""
    program, watchdog = run(STOPS)

    assert program.wait(DEADLINE) == 7
    wait_for_end(watchdog)


def test_the_watchdog_ends_with_the_process(run: Run) -> None:
    """Even kill -9 leaves no watchdog behind."""
    program, watchdog = run(BEATS)

    program.kill()

    wait_for_end(watchdog)


def test_signals_to_the_group_do_not_end_the_watchdog(run: Run) -> None:
    """Ctrl-C and a service manager's SIGTERM are for the forwarder to handle."""
    program, watchdog = run(HANGS)
    wait_until_signals_are_ignored(watchdog)
    assert os.getpgid(watchdog) != os.getpgid(program.pid)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(watchdog, number)

    assert program.wait(DEADLINE) == -signal.SIGKILL


def test_the_watchdog_holds_no_socket(run: Run) -> None:
    """A listener that outlives its process would hold Vault up."""
    _, watchdog = run(HANGS, timeout=600)
    # While an interpreter starts it opens and closes files of its own.
    wait_until_signals_are_ignored(watchdog)

    held = [os.readlink(one) for one in Path(f"/proc/{watchdog}/fd").iterdir()]

    assert not [target for target in held if target.startswith("socket:")]


def test_a_watchdog_that_was_killed_does_not_disturb(run: Run) -> None:
    """The reader goes on without it."""
    program, watchdog = run(STOPS)

    os.kill(watchdog, signal.SIGKILL)

    assert program.wait(DEADLINE) == 7


def test_beats_never_block() -> None:
    """More signs than a pipe holds, with nobody reading them."""
    watchdog = Watchdog()
    watchdog.beat()
    watchdog.start(600)
    try:
        child = int(
            Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1]
        )
        os.kill(child, signal.SIGSTOP)
        for _ in range(100_000):
            watchdog.beat()
        os.kill(child, signal.SIGCONT)
    finally:
        watchdog.stop()
    watchdog.beat()


def test_a_time_out_below_a_second_is_refused() -> None:
    """The reader beats four times a second; less than a second is a coin toss."""
    with pytest.raises(ValueError, match="at least 1 s"):
        Watchdog().start(0.5)
