"""A receiver that compares when it is told to, and what each comparison took.

It is a process of its own with a state that stays, so its greatest memory is known;
there is no forwarder, so nobody tells it what changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from receiver.demo.child import free_port
from receiver.demo.programs import Keys, receiver_program, replicator_document
from tests.benchmarks import resources

_PREFIX = "vault_replicator_"
#: The care of the token goes on whether there is a comparison or not.
_NOT_COUNTED = ("lookup-self", "renew-self")
_PATIENCE_SECONDS = 1800.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One comparison and all that came of it. ``seconds`` are from its begin until
    the last of what it found was done; ``vault`` and ``aws`` count calls, the
    workers' too; ``peak_mb`` is the process's greatest resident memory so far, None
    where there is no /proc."""

    compared: int
    differing: int
    seconds: float
    vault: int
    aws: int
    peak_mb: float | None


class Measured:
    """Between enter and exit it runs. ``vault`` and ``aws`` are addresses, ``state``
    names the state file; keys and tokens are in ``directory`` already."""

    def __init__(
        self,
        directory: Path,
        keys: Keys,
        mount: str,
        *,
        vault: str,
        aws: str,
        state: str,
    ) -> None:
        self._log = directory / "receiver.log"
        self._token = keys.admin_token
        port = free_port()
        document = replicator_document(
            port=port,
            source="vault-bench",
            vault=vault,
            aws=aws,
            rules=[{"name": "bench", "mount": mount}],
        )
        document["queue"]["path"] = f"state/{state}"
        document["limits"] = {"writes_per_second": 1000}
        self._receiver = receiver_program(directory, document, port=port)
        self._read = 0
        self._calls = {"vault": 0, "aws": 0}

    def __enter__(self) -> Self:
        """Start it. Raises StartError."""
        self._read = self._log.stat().st_size if self._log.exists() else 0
        self._receiver.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._receiver.stop()

    def at_start(self) -> Turn:
        """What it does at its start. Raises TimeoutError when it comes to no end."""
        return self._turn()

    def again(self) -> Turn:
        """The same once more, because somebody asks for it."""
        httpx.post(
            f"{self._receiver.address}/v1/reconcile",
            headers={"Authorization": f"Bearer {self._token}"},
            trust_env=False,
        ).raise_for_status()
        return self._turn()

    def _turn(self) -> Turn:
        metrics = self._when_done()
        entries = list(self._entries())
        self._read = self._log.stat().st_size
        compared = next(e for e in entries if e["event"] == "compared")
        done = [e for e in entries if e["event"] == "replicated"]
        if len(done) < compared["differing"]:
            raise AssertionError("something that differs was not brought about")
        calls = {side: _calls(metrics, side) for side in self._calls}
        before, self._calls = self._calls, calls
        began = _at(compared) - compared["seconds"]
        return Turn(
            compared=compared["secrets"],
            differing=compared["differing"],
            seconds=max(map(_at, [compared, *done])) - began,
            vault=calls["vault"] - before["vault"],
            aws=calls["aws"] - before["aws"],
            peak_mb=_peak_mb(self._receiver.child.pid),
        )

    def _when_done(self) -> str:
        """Its metrics, once it has compared and nothing waits any more."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if any(entry["event"] == "compared" for entry in self._entries()):
                metrics = self._receiver.metrics()
                if f"\n{_PREFIX}pending 0.0\n" in metrics:
                    return metrics
            time.sleep(0.5)  # rarely: the figures come from the log
        raise TimeoutError(f"not done: {self._receiver.child.last_words()}")

    def _entries(self) -> Iterator[dict[str, Any]]:
        """What it logged since the last turn."""
        with self._log.open() as lines:
            lines.seek(self._read)
            for line in lines:
                if line.endswith("\n"):
                    yield json.loads(line)


def _at(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["timestamp"]).timestamp()


def _calls(metrics: str, side: str) -> int:
    return int(
        sum(
            sample.value
            for family in text_string_to_metric_families(metrics)
            for sample in family.samples
            if sample.name == f"{_PREFIX}{side}_requests_total"
            and sample.labels["operation"] not in _NOT_COUNTED
        )
    )


def _peak_mb(pid: int) -> float | None:
    return resources.peak_mb(pid) if Path("/proc").exists() else None
