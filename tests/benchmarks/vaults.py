"""OpenBao with what may listen to its audit stream, each in a directory of its own.

There is always a ``file`` device, as the documentation asks for. What else there is,
is the name: a second ``file`` device, a bare reader, or a forwarder in some situation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from receiver.demo.child import free_port
from receiver.demo.openbao import OpenBao
from tests.benchmarks.bare_reader import BareReader
from tests.benchmarks.forwarder_alone import Forwarder
from tests.benchmarks.load import Load
from tests.benchmarks.stand_in import StandIn

_FULL_AT = 100  # events; the load is over four times as many secrets
_ANSWERS = {"forwarder": 202, "receiver answers 503": 503}
_SETTINGS: dict[str, dict[str, Any]] = {
    "spool full": {"spool": {"path": "spool/spool.db", "max_events": _FULL_AT}},
    "stopped, unix": {"watchdog": 0},
    "stopped, tcp": {"watchdog": 0},
}


class VaultAnd:
    """One OpenBao with one listener. It can be stopped at any time."""

    def __init__(self, directory: Path, listener: str) -> None:
        self._directory = directory / listener.replace(" ", "-").replace(",", "")
        self._directory.mkdir()
        self._parts: list[BareReader | StandIn | Forwarder] = []
        self.forwarder: Forwarder | None = None
        addresses, more = [], ""
        if listener == "second file":
            file = self._directory / "second.log"
            more = (
                f'audit "file" "second" {{\n  options {{ file_path = "{file}" }}\n}}\n'
            )
        elif listener == "bare reader":
            addresses = [self._bare_reader()]
        elif listener != "file":
            addresses = [self._forwarder(listener)]
        self._openbao = OpenBao(self._directory, audit_addresses=addresses, more=more)
        self.load = Load(self._openbao)

    def start(self) -> None:
        """The listener, then OpenBao, then its secrets. Raises NoBinary, StartError."""
        for part in self._parts:
            part.start()
        self._openbao.start()
        self.load.begin()

    def stop(self) -> None:
        self._openbao.stop()
        for part in reversed(self._parts):
            part.stop()

    def _bare_reader(self) -> str:
        address = str(self._directory / "audit.sock")
        self._parts.append(BareReader(self._directory, address))
        return address

    def _forwarder(self, situation: str) -> str:
        receiver = StandIn(
            self._directory, free_port(), status=_ANSWERS.get(situation, 202)
        )
        if situation in _ANSWERS:
            self._parts.append(receiver)
        settings = _SETTINGS.get(situation, {})
        forwarder = Forwarder(self._directory, receiver=receiver.address, **settings)
        self._parts.append(forwarder)
        self.forwarder = forwarder
        return forwarder.tcp if situation.endswith("tcp") else forwarder.unix
