"""What cannot be done faster: one hvac read and one put, nothing else."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import hvac

from receiver.demo.emulator import Emulator, SecretsReader
from receiver.demo.installation import Installation


class Floor:
    """Reads secrets of ``mount``, and puts them to names of its own."""

    def __init__(
        self, installation: Installation, emulator: Emulator, mount: str
    ) -> None:
        vault = installation.openbao
        self._mount = mount
        self._vault = hvac.Client(url=vault.address, token=vault.root_token)
        self._aws = SecretsReader(emulator.endpoint)
        self._prefix = f"floor-{uuid.uuid4().hex}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._aws.close()
        self._vault.adapter.close()

    def make(self, paths: Sequence[str]) -> None:
        """The secrets in AWS that reads of these paths are put to."""
        for path in paths:
            self._aws.put(self._prefix + path, "{}")

    def once(self, path: str) -> float:
        """Seconds that it took."""
        began = time.perf_counter()
        read = self._vault.secrets.kv.v2.read_secret_version(
            path, mount_point=self._mount, raise_on_deleted_version=False
        )
        self._aws.put(self._prefix + path, json.dumps(read["data"]["data"]))
        return time.perf_counter() - began
