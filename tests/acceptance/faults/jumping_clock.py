"""One of our programs on a host whose clock is wrong, and is put right while it runs.

Run as ``python -m tests.acceptance.faults.jumping_clock FILE MODULE ARGUMENTS``. The
seconds in FILE are added to ``time.time``, by which the programs sign, judge what is
signed, and wait; the monotonic clock goes on as it does on a real host. Nothing of
ours may be imported here, since what is imported may take hold of the true clock.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path


def _shifted(true: Callable[[], float], file: Path) -> Callable[[], float]:
    return lambda: true() + float(file.read_text())


def main() -> None:
    _, file, module, *arguments = sys.argv
    time.time = _shifted(time.time, Path(file))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
