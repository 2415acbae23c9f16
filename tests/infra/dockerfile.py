"""The Dockerfile as stages and instructions, and its build stages without a container.

There is no container engine where the tests run. What can be tried are the very lines
that build the wheel and install it: they are run with a directory in the place of the
root of the file system.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "infra" / "docker" / "Dockerfile"

_PLACES = re.compile(r"(?<![\w./])/(build|tools|wheel|app)\b")
_MOUNT = re.compile(r"--mount=\S+\s*")


@dataclass
class Stage:
    """One FROM and what follows it: pairs of a word in capitals and its arguments."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [text for one, text in self.instructions if one == word]

    def last(self, word: str) -> str:
        return self.all(word)[-1]


def stages() -> dict[str, Stage]:
    """By name, in the order of the file."""
    code = "\n".join(
        line for line in FILE.read_text().split("\n") if not line.startswith("#")
    )
    found: dict[str, Stage] = {}
    for line in filter(None, code.replace("\\\n", " ").split("\n")):
        word, _, text = line.partition(" ")
        if word == "FROM":
            base, _, name = text.partition(" AS ")
            found[name] = Stage(name, base)
        elif found:
            found[next(reversed(found))].instructions.append((word, text.strip()))
    return found


class BuildHost:
    """Runs ENV, WORKDIR, COPY and RUN of stages below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        python = Path(sys.executable).parent
        self._env = {
            "PATH": f"{python}:/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "UV_SYSTEM_CERTS": "1",  # as pip does it: a proxy here may have its own
        }
        self._directory = root
        self._app = "app"
        self._does = {
            "ENV": self._environment,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": self._run,
        }

    def use(self, python: Path) -> None:
        """From here on ``python`` is this one, as in the image that runs."""
        shims = self.root / "shims"
        shims.mkdir()
        (shims / "python").symlink_to(python)
        self._env["PATH"] = f"{shims}:{self._env['PATH']}"

    def run(self, stage: Stage, *, app: str = "app") -> None:
        """Every instruction of it, in order; ``app`` is put in the place of /app."""
        self._app = app
        for word, text in stage.instructions:
            self._does[word](text)

    def _environment(self, text: str) -> None:
        self._env |= dict(one.split("=", 1) for one in text.split())

    def _workdir(self, text: str) -> None:
        self._directory = Path(self._placed(text))
        self._directory.mkdir(exist_ok=True)

    def _copy(self, text: str) -> None:
        *sources, to = text.split()
        if sources[0].startswith("--from="):
            return  # all stages share one root
        for source in sources:
            target = self._directory / to
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target)
            else:
                target = target / Path(source).name if to.endswith("/") else target
                target.parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / source, target)

    def _run(self, text: str) -> None:
        done = subprocess.run(
            self._placed(_MOUNT.sub("", text)),
            shell=True,
            cwd=self._directory,
            env=self._env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def _placed(self, text: str) -> str:
        names = {"app": self._app}
        return _PLACES.sub(lambda at: f"{self.root}/{names.get(at[1], at[1])}", text)
