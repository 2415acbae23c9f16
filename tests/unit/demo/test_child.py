"""Children end when told, and with their parent when nobody could tell them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from receiver.demo.child import Child, StartError, free_port, isolated

PARENT = """
import os, sys, time
from pathlib import Path
from receiver.demo.child import Child
child = Child("sleeper", ["/bin/sleep", "60"], log=Path(sys.argv[1]), env=os.environ)
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def child_of(script: str, log: Path) -> Child:
    return Child("the child", [sys.executable, "-c", script], log=log, env=os.environ)


def test_the_settings_of_others_do_not_reach_a_child() -> None:
    """AWS, Vault and proxy variables are dropped, all else is kept."""
    foreign = {"AWS_PROFILE": "x", "VAULT_TOKEN": "x", "BAO_ADDR": "x", "BOTO_X": "x"}
    proxies = {"HTTPS_PROXY": "x", "http_proxy": "x", "ALL_PROXY": "x"}

    assert isolated({**foreign, **proxies, "PATH": "/bin"}) == {"PATH": "/bin"}


def test_a_free_port_is_outside_the_range_of_outgoing_connections() -> None:
    """No client can take the port while its server restarts."""
    assert 20_000 <= free_port() < 32_000


@pytest.mark.integration
def test_a_child_that_ends_at_once_is_reported_with_its_last_words(
    tmp_path: Path,
) -> None:
    """The error names the program and repeats what it said."""
    child = child_of("import sys; sys.exit('no such file')", tmp_path / "log")
    child.start()

    with pytest.raises(StartError, match="the child ended at its start: no such file"):
        child.wait_ready(lambda: False)


@pytest.mark.integration
def test_a_child_that_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    """Nothing is left running behind the error."""
    child = child_of("import time; time.sleep(60)", tmp_path / "log")
    child.start()

    with pytest.raises(StartError, match="gave no answer"):
        child.wait_ready(lambda: False, seconds=0.1)
    assert not child.alive


@pytest.mark.integration
def test_a_stopped_child_still_ends(tmp_path: Path) -> None:
    """SIGTERM reaches a child that SIGSTOP holds."""
    child = child_of("import time; time.sleep(60)", tmp_path / "log")
    child.start()
    child.send(signal.SIGSTOP)

    assert child.stop() == -signal.SIGTERM


@pytest.mark.integration
def test_a_deaf_child_is_killed(tmp_path: Path) -> None:
    """After its time is up a child that ignores SIGTERM gets SIGKILL."""
    ready = tmp_path / "ready"
    child = child_of(
        "import signal, pathlib, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "time.sleep(60)",
        tmp_path / "log",
    )
    child.start()
    child.wait_ready(ready.exists)

    assert child.stop(patience=0.1) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows a parent's death")
@pytest.mark.integration
def test_a_child_dies_with_its_killed_parent(tmp_path: Path) -> None:
    """kill -9 of the parent is the end of the child."""
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        handle = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()

    try:
        ended, _, _ = select.select([handle], [], [], 10)
    finally:
        os.close(handle)
    assert ended
