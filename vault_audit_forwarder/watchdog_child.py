"""The watchdog's child: ``watchdog_child.py PID SECONDS``, signs on standard input.

Run as a script with a bare interpreter, so that it starts in milliseconds and weighs
little. It ends PID, its parent, with SIGKILL when no byte has come for SECONDS, and
ends itself at the end of input: the parent has gone or wants no watchdog any more.
"""

import json
import os
import select
import signal
import sys
from collections.abc import Callable

_MAX_SIGNS = 65536


def main(parent: int, timeout: float) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    kill = _killer(parent)
    if os.getppid() != parent:
        return  # it died before we looked, and the number may be somebody else's
    while select.select([0], [], [], timeout)[0]:
        if not os.read(0, _MAX_SIGNS):
            return
    kill()
    _say(parent, timeout)


def _killer(parent: int) -> Callable[[], None]:
    """A way to kill ``parent`` that cannot hit a later process of the same number."""
    try:
        process = os.pidfd_open(parent)
    except OSError:  # a kernel before 5.3, or a seccomp filter
        return lambda: _kill_if_still(parent)
    return lambda: signal.pidfd_send_signal(process, signal.SIGKILL)


def _kill_if_still(parent: int) -> None:
    if os.getppid() == parent:
        os.kill(parent, signal.SIGKILL)


def _say(parent: int, timeout: float) -> None:
    line = {
        "level": "error",
        "event": "the reader hung: its watchdog ended the process",
        "pid": parent,
        "timeout": timeout,
    }
    print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201  # its only log


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
