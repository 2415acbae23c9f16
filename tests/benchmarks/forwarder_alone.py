"""A forwarder without Vault and without the real receiver, and what it says of itself.

Whatever a benchmark asks of a forwarder goes over its audit sockets and ``/metrics``.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from receiver.demo.child import free_port
from receiver.demo.programs import (
    Keys,
    forwarder_document,
    forwarder_program,
)

_PREFIX = "vault_audit_forwarder_"


class Forwarder:
    """The process. It listens at ``unix`` and ``tcp`` and posts to ``receiver``.

    ``settings`` replace top-level keys of its configuration.
    """

    def __init__(self, directory: Path, *, receiver: str, **settings: Any) -> None:
        self.directory = directory
        self.unix = str(directory / "audit.sock")
        self.tcp = f"127.0.0.1:{free_port()}"
        Keys().write(directory)
        port = free_port()
        document = forwarder_document(
            name="forwarder",
            source="vault-bench",
            listen=self.unix,
            receiver=receiver,
            metrics_port=port,
        )
        document["listen"].append({"tcp": self.tcp})
        document.update(settings)
        self._program = forwarder_program(
            directory, document, name="forwarder", port=port
        )

    @property
    def pid(self) -> int:
        return self._program.child.pid

    def start(self) -> None:
        """Start it and wait until it is healthy. Raises StartError."""
        self._program.start()

    def stop(self) -> None:
        self._program.stop()

    def hang(self) -> None:
        """Neither read nor end, as a process that was stopped does."""
        self._program.child.send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._program.child.send(signal.SIGCONT)

    def count(self, name: str, **labels: str) -> float:
        """The sum over the samples ``vault_audit_forwarder_name`` with these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self._program.metrics())
            for sample in family.samples
            if sample.name == f"{_PREFIX}{name}"
            and labels.items() <= sample.labels.items()
        )

    def longest_stall(self) -> float:
        """Seconds that no stall of the reader was longer than: an edge of the buckets.

        0 without any stall, infinite beyond the last edge.
        """
        edge = 0.0
        below = 0.0
        for family in text_string_to_metric_families(self._program.metrics()):
            for sample in family.samples:
                if sample.name != f"{_PREFIX}reader_stall_seconds_bucket":
                    continue
                if sample.value > below:
                    below, edge = sample.value, float(sample.labels["le"])
        return edge
