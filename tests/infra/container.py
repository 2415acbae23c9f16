"""A program of an image, run much as a container engine would run it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from tests.infra.dockerfile import ROOT, stages
from vault_audit_forwarder.signing import new_key

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
_NOBODY = 10001
_DEADLINE = 30.0
_READ_ONLY = (
    'mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && exec "$@"'
)


class Container:
    """A program of an image as its entry point would start it.

    Process 1 is the init; the file system is read-only but for ``state``; the user is
    nobody in particular.
    """

    def __init__(self, image: Path, name: str, config: str) -> None:
        self._image, self.name = image, name
        self.state = Path(tempfile.mkdtemp(dir=image))
        os.chown(self.state, _NOBODY, _NOBODY)
        (self.state / "key").write_text(new_key())
        self.file = self.state / "config.yaml"
        self.file.write_text(config)
        stage = stages()[name]
        init, dashes, command = json.loads(stage.last("ENTRYPOINT"))
        verb, option, _ = json.loads(stage.last("CMD"))
        self._process = subprocess.Popen(
            [
                *("unshare", "--pid", "--fork", "--kill-child", "--mount"),
                *("--mount-proc", "sh", "-euc", _READ_ONLY, "sh", self.state),
                *("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}"),
                *("--clear-groups", "--no-new-privs", "--bounding-set=-all"),
                *(init, dashes, image / name / "bin" / command, verb, option),
                self.file,
            ],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            cwd="/",
        )

    @property
    def processes(self) -> list[int]:
        """Process 1 of the container, and its child: the program."""
        first = _children(self._process.pid)
        return first + _children(first[0]) if first else []

    def healthy(self, url: str) -> None:
        """Wait until the image's own health check says so."""
        python = self._image / self.name / "bin" / "python"
        check = [python, "-I", ROOT / "infra" / "docker" / "healthcheck.py", url]
        until = time.monotonic() + _DEADLINE
        while subprocess.run(check, env=ENVIRONMENT, capture_output=True).returncode:
            assert self._process.poll() is None, "it ended"
            assert time.monotonic() < until, "never healthy"

    def end(self) -> int:
        return self._process.wait(_DEADLINE)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(_DEADLINE)


def _children(pid: int) -> list[int]:
    return [
        int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]
