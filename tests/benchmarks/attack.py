"""Honest changes while strangers shout: 500 forged requests a second, and 10 forged
batches of a thousand events a second.

The lag is from Vault's answer to AWS's. Its yardstick is the same writes at the same
pace before anybody shouts, on the same servers.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from receiver.demo.emulator import Emulator
from receiver.demo.installation import Installation
from tests.benchmarks.arrivals import Arrivals, Writer
from tests.benchmarks.figure import Figure, compared, percentile
from tests.benchmarks.lag import lags_of, make
from vault_audit_forwarder import signing, wire

_PER_SECOND = 10
_SECRETS = 20
_EVENTS_PER_SECOND = 500
_BATCHES_PER_SECOND = 10
_CLIENTS = 5


def measure(
    installation: Installation, emulator: Emulator, mount: str, *, quick: bool
) -> Iterator[Figure]:
    """p99 of the lag under attack against that in peace, and how much was refused."""
    del emulator  # as every benchmark is called; here AWS is only written to
    seconds = 6 if quick else 60
    peace = _lags(installation, mount, "peace", seconds)
    forgers = Forgers(installation.receiver.address, mount)
    with forgers.shouting():
        attack = _lags(installation, mount, "attack", seconds)
    for percent in (50, 99):
        yield compared(
            f"lag p{percent} under attack",
            percentile(attack, percent) * 1000,
            "ms",
            "lag in peace",
            percentile(peace, percent) * 1000,
        )
    yield compared(
        "forged requests refused",
        forgers.refused / forgers.seconds,
        "requests/s",
        "forged requests asked for",
        _EVENTS_PER_SECOND + _BATCHES_PER_SECOND,
    )


class Forgers:
    """Post what nobody signed, at a pace. ``refused`` counts the answers 401."""

    def __init__(self, receiver: str, mount: str) -> None:
        self._url = f"{receiver}/v1/events"
        self._end = threading.Event()
        self._lock = threading.Lock()
        self.refused = 0
        self.seconds = 0.0
        event = wire.encode(
            wire.make_event(
                wire.Change(mount=f"{mount}/", path="data/forged"),
                source="vault-demo",
                forwarder="forger",
                id=str(uuid.uuid4()),
                time=None,
            )
        )
        self._event = (wire.EVENT_JSON, event)
        self._batch = (wire.BATCH_JSON, wire.encode_batch([event] * wire.MAX_EVENTS))

    @contextmanager
    def shouting(self) -> Iterator[None]:
        """Until the end of the block."""
        paces = [(self._event, _EVENTS_PER_SECOND / _CLIENTS)] * _CLIENTS
        paces.append((self._batch, float(_BATCHES_PER_SECOND)))
        threads = [
            threading.Thread(target=self._shout, args=(*what, pace))
            for what, pace in paces
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._end.set()
            for thread in threads:
                thread.join()
            self.seconds = time.monotonic() - began

    def _shout(self, kind: str, body: bytes, per_second: float) -> None:
        headers = signing.sign(
            [signing.parse_key(signing.new_key())],
            message_id="forged",
            timestamp=int(time.time()),
            body=body,
        )
        headers["Content-Type"] = kind
        due = time.monotonic()
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._end.wait(max(0.0, due - time.monotonic())):
                due += 1 / per_second
                answer = client.post(self._url, content=body, headers=headers)
                with self._lock:
                    self.refused += answer.status_code == 401


def _lags(
    installation: Installation, mount: str, folder: str, seconds: int
) -> list[float]:
    """Of known secrets, rewritten at a pace."""
    paths = [f"{folder}/{number}" for number in range(_SECRETS)]
    with Writer(installation, mount, threads=1) as writer:
        make(Arrivals(installation, mount), writer, paths)
        arrivals, writes = Arrivals(installation, mount), []
        begin = time.monotonic()
        for number in range(seconds * _PER_SECOND):
            due = begin + number / _PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            writes.append(writer.put(paths[number % _SECRETS], f"round {number}"))
        arrived = arrivals.wait_for({one.path: one.version for one in writes})
    return lags_of(writes, arrived)
