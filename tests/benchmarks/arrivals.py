"""What is written to Vault, and what the receiver says of it when it is in AWS.

Neither may cost the measured processes their cores: writes go over connections that
are kept and by the leanest client there is, and the receiver's log is read from where
the last look ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec
import urllib3

from receiver.demo.installation import Installation

_PATIENCE = 300.0
_PAUSE = 0.05


class Write(msgspec.Struct, frozen=True):
    """A version that Vault has made; times in epoch seconds, ``created`` is Vault's."""

    path: str
    version: int
    created: float
    answered: float


class Arrival(msgspec.Struct, frozen=True):
    """A version in AWS, ``lag`` seconds after its ``created_time``; None when no event
    told of it."""

    path: str
    version: int
    action: str
    lag: float | None


class Writer:
    """Writes secrets of one mount. Safe to call from ``threads`` threads."""

    def __init__(self, installation: Installation, mount: str, threads: int) -> None:
        vault = installation.openbao
        self._pool = urllib3.connection_from_url(
            vault.address,
            maxsize=threads,
            block=True,
            headers={"X-Vault-Token": vault.root_token},
        )
        self._url = f"/v1/{mount}/data/"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.close()

    def put(self, path: str, value: str) -> Write:
        """A new version."""
        body = msgspec.json.encode({"data": {"value": value}})
        answer = self._pool.request("POST", self._url + path, body=body, retries=False)
        answered = time.time()
        assert answer.status == 200, answer.status
        made = msgspec.json.decode(answer.data, type=_Made).data
        return Write(path, made.version, made.created_time.timestamp(), answered)


class Arrivals:
    """The versions that are put into AWS from now on."""

    def __init__(self, installation: Installation, mount: str) -> None:
        self._log = installation.receiver.child.log
        self._prefix = f"{mount}/"
        self._read_to = self._log.stat().st_size

    def new(self) -> Iterator[Arrival]:
        """Those that were logged since this was last asked."""
        with self._log.open("rb") as log:
            log.seek(self._read_to)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            if b'"replicated"' in line:
                said = msgspec.json.decode(line, type=_Line)
                if said.action != "none" and said.version is not None:
                    path = said.ref.removeprefix(self._prefix)
                    yield Arrival(path, said.version, said.action, said.lag)

    def wait_for(self, versions: Mapping[str, int]) -> list[Arrival]:
        """All that arrives until each path has its version, or a newer one."""
        missing, seen = dict(versions), list[Arrival]()
        deadline = time.monotonic() + _PATIENCE
        while missing:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} of {len(versions)} never arrived")
            time.sleep(_PAUSE)
            for one in self.new():
                seen.append(one)
                if one.version >= missing.get(one.path, one.version + 1):
                    del missing[one.path]
        return seen


class _Version(msgspec.Struct):
    version: int
    created_time: datetime


class _Made(msgspec.Struct):
    data: _Version


class _Line(msgspec.Struct):
    ref: str
    action: str
    version: int | None = None
    lag: float | None = None
