"""What a benchmark reports, and what several of them need."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import hvac
import msgspec

from receiver.demo.emulator import Emulator, SecretsReader
from receiver.demo.installation import Installation


class Figure(msgspec.Struct, frozen=True):
    """``ratio`` is ``value`` through ``yardstick``."""

    name: str
    value: float
    unit: str
    yardstick_name: str
    yardstick: float
    ratio: float


def compared(
    name: str, value: float, unit: str, yardstick_name: str, yardstick: float
) -> Figure:
    """A figure with its ratio, rounded for the eye."""
    ratio = value / yardstick if yardstick else float("inf")
    return Figure(
        name,
        round(value, 2),
        unit,
        yardstick_name,
        round(yardstick, 2),
        float(f"{ratio:.3g}"),
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Floor:
    """What cannot be done faster: one hvac read and one put, nothing else."""

    def __init__(
        self, installation: Installation, emulator: Emulator, mount: str
    ) -> None:
        vault = installation.openbao
        self._mount = mount
        self._vault = hvac.Client(url=vault.address, token=vault.root_token)
        self._aws = SecretsReader(emulator.endpoint)
        self._name = f"floor-{uuid.uuid4().hex}"
        self._aws.put(self._name, "{}")

    def close(self) -> None:
        self._aws.close()
        self._vault.adapter.close()

    def once(self, path: str) -> float:
        """Seconds that it took."""
        began = time.perf_counter()
        read = self._vault.secrets.kv.v2.read_secret_version(
            path, mount_point=self._mount, raise_on_deleted_version=False
        )
        self._aws.put(self._name, json.dumps(read["data"]["data"]))
        return time.perf_counter() - began


def replicated(installation: Installation) -> Iterator[dict[str, Any]]:
    """What the receiver logged of each version that it has applied."""
    for line in installation.receiver.child.log.read_text().splitlines():
        entry = json.loads(line)
        if entry["event"] == "replicated" and entry["action"] != "none":
            yield entry


def wait_for(installation: Installation, version: int, paths: Sequence[str]) -> None:
    """Until the receiver has applied this version of every path, or a newer one."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        applied = {
            entry["ref"].partition("/")[2]
            for entry in replicated(installation)
            if entry["version"] >= version
        }
        if applied.issuperset(paths):
            return
        time.sleep(0.1)
    raise TimeoutError("not all versions arrived")
