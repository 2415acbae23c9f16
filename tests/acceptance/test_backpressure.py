"""A forwarder that hangs must not hold Vault up.

Ten seconds are enough for the buffers between the two to be full for most of the time;
``make faults`` takes twenty.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from receiver.demo.vault import Vault, Written
from tests.acceptance.faults.conftest import IS_LONG
from tests.acceptance.scene import Build, Scene

WRITERS = 4
WRITES_PER_SECOND = 75.0  # of each
BASELINE_SECONDS = 6.0 if IS_LONG else 4.0
STOPPED_SECONDS = 20.0 if IS_LONG else 10.0


class Load:
    """Paced writes outside the rule: Vault and the forwarder work, AWS does not."""

    def __init__(self, scene: Scene) -> None:
        self.finished: list[float] = []
        self.failures: list[str] = []
        self._scene = scene
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._write, args=(number,))
            for number in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def rate(self, begin: float, end: float) -> float:
        """Finished writes a second between two monotonic times."""
        return sum(begin <= at < end for at in self.finished) / (end - begin)

    def _write(self, number: int) -> None:
        openbao = self._scene.installation.openbao
        vault = Vault(openbao.address, openbao.root_token)
        # A write that is late is not made up for: a stall costs its share.
        while not self._over.wait(1 / WRITES_PER_SECOND):
            try:
                vault.put(self._scene.mount, f"tmp/load-{number}", {"a": "b"})
            except Exception as error:  # any failure at all is what we look for
                self.failures.append(repr(error))
            else:
                self.finished.append(time.monotonic())
        vault.close()


@pytest.mark.parametrize("audit", ["unix", "tcp"])
def test_a_hung_forwarder_leaves_vault_its_rate(build: Build, audit: str) -> None:
    """Stopped for long: no request fails, half the rate stays, nothing is lost."""
    scene = build(audit=audit, forwarder={"watchdog": 0})
    load = Load(scene)
    written: dict[str, Written] = {}
    with load.running():
        begin = time.monotonic()
        threading.Event().wait(BASELINE_SECONDS)
        stopped = time.monotonic()
        scene.forwarder.child.send(signal.SIGSTOP)
        for number in range(20):
            path = f"app/secret-{number}"
            written[path] = scene.put(path, number=number)
            threading.Event().wait(STOPPED_SECONDS / 20)
        continued = time.monotonic()
        scene.forwarder.child.send(signal.SIGCONT)

    assert load.failures == []
    assert load.rate(stopped, continued) >= load.rate(begin, stopped) / 2
    for path, each in written.items():
        scene.arrives(path, each)
