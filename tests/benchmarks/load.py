"""Writes to a Vault, at a pace or as fast as it takes them, and how long each took.

Four clients, each with one connection that it keeps. Time is counted from when a write
was due, so a stall also shows in those that came too late because of it.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from receiver.demo.openbao import OpenBao
from receiver.demo.vault import Vault

MOUNT = "bench"
_CLIENTS = 4
_SECRETS = 400
_BODY = json.dumps({"data": {"username": "u" * 16, "password": "p" * 32}})


@dataclass
class Outcome:
    """``waits`` in seconds, of every write that was due; ``failed`` were answered with
    an error, or not at all."""

    seconds: float = 0.0
    finished: int = 0
    failed: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Finished writes a second."""
        return self.finished / self.seconds


class Load:
    """Rewrites four hundred secrets of ``openbao`` over and over."""

    def __init__(self, openbao: OpenBao) -> None:
        self._openbao = openbao
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Make the mount and write each secret once."""
        vault = Vault(self._openbao.address, self._openbao.root_token)
        vault.enable_kv(MOUNT)
        for number in range(_SECRETS):
            vault.put(MOUNT, f"app/secret-{number}", {"password": "first"})
        vault.close()

    def paced(self, per_second: float, seconds: float) -> Outcome:
        """At a pace. A turn that was missed is waited for, and not made up for."""
        return self._by_all(seconds, interval=_CLIENTS / per_second)

    def saturated(self, seconds: float) -> Outcome:
        """One after the other."""
        return self._by_all(seconds, interval=0.0)

    def _by_all(self, seconds: float, *, interval: float) -> Outcome:
        outcome = Outcome(seconds=seconds)
        begin = time.monotonic() + 0.05
        clients = [
            threading.Thread(
                target=self._client,
                args=(number, begin + interval * number / _CLIENTS, interval, outcome),
            )
            for number in range(_CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return outcome

    def _client(
        self, number: int, begin: float, interval: float, into: Outcome
    ) -> None:
        host = self._openbao.address.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        headers = {"X-Vault-Token": self._openbao.root_token}

        def write(turn: int) -> bool:
            secret = (turn * _CLIENTS + number) % _SECRETS
            path = f"/v1/{MOUNT}/data/app/secret-{secret}"
            try:
                connection.request("POST", path, _BODY, headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                return False
            return answer.status == 200

        own = turns(write, begin=begin, end=begin + into.seconds, interval=interval)
        connection.close()
        with self._lock:
            into.finished += own.finished
            into.failed += own.failed
            into.waits += own.waits


def turns(
    write: Callable[[int], bool],
    *,
    begin: float,
    end: float,
    interval: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Call ``write`` each ``interval`` seconds, or at once when that is 0.

    Every turn that passes while an earlier write is under way counts as one that
    waited for its end, and is left out.
    """
    outcome = Outcome(seconds=end - begin)
    due, turn = begin, 0
    while due < end:
        sleep(max(0.0, due - clock()))
        done = write(turn)
        now = clock()
        outcome.finished += done
        outcome.failed += not done
        outcome.waits.append(now - due)
        due, turn = due + interval if interval else now, turn + 1
        while interval and due < min(now, end):
            outcome.waits.append(now - due)
            due += interval
    return outcome
