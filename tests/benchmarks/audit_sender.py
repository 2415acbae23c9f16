"""Compiles and runs ``audit_sender.c``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")
_PATIENCE_SECONDS = 120


class NoCompiler(Exception):
    """There is no ``cc`` here, and a sender in Python would be the slower side."""


class AuditSender:
    """The program, compiled into ``directory``. Raises NoCompiler."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            raise NoCompiler
        self._program = directory / "audit_sender"
        subprocess.run([compiler, "-O2", "-o", self._program, _SOURCE], check=True)

    def seconds(
        self, address: str, lines: Path, *, repeats: int = 1, chunk: int = 0
    ) -> float:
        """From the first send until the reader at ``address`` has read everything.

        ``chunk`` bytes a send, or, when 0, one line a send.
        """
        where = address.rpartition(":")[2]
        kind = "unix" if address.startswith("/") else "tcp"
        done = subprocess.run(
            [self._program, kind, where, lines, str(repeats), str(chunk)],
            check=True,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
        )
        return float(done.stdout)
