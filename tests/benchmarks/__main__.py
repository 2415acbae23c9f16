"""``make bench``: one JSON line per figure. ``--quick`` takes a minute.

A figure without its yardstick says more about the machine than about us, so each
comes with one that was measured on the same servers in the same run, and their ratio.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation, Layout, Mount
from tests.benchmarks import attack, burst, lag

MOUNT = "bench"


def main() -> int:
    """Run everything, print each figure as it is known."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the writes")
    quick: bool = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder))
        layout = Layout(
            mounts=[Mount(name=MOUNT)],
            rules=[{"name": "bench", "mount": MOUNT}],
            replicator={"limits": {"writes_per_second": 1000}},
        )
        emulator.start()
        installation = Installation(
            Path(folder), layout, aws_endpoint=emulator.endpoint
        )
        try:
            installation.start()
            installation.settle()
            for measure in (lag.measure, burst.measure, attack.measure):
                for figure in measure(installation, emulator, MOUNT, quick=quick):
                    sys.stdout.buffer.write(msgspec.json.encode(figure) + b"\n")
                    sys.stdout.flush()
        finally:
            installation.stop(patience=5.0)
            emulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
