"""Somebody who writes all the time, and remembers what may have become of it.

Half of the secrets are *steady*: they are written and never deleted, so nothing ever
gives a reason to delete one in AWS. The others are *fickle*. Every value is one of a
kind, so a value that AWS holds twice was written twice. A write whose answer never came
may have happened or not, and whoever judges afterwards has to allow for both.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from receiver.demo.vault import Refused, Vault
from tests.acceptance.scene import Scene

#: What is done to a fickle secret, and how often beside the others.
_DEEDS: Mapping[str, int] = {
    "put": 6,
    "patch": 3,
    "delete": 2,
    "undelete": 2,
    "destroy": 1,
    "delete_metadata": 1,
}
_STEADY_DEEDS = ("put", "put", "patch")
_GONE = ("delete", "destroy", "delete_metadata")
#: What Vault says when a secret is not in the state for it.
_OUT_OF_TURN = (400, 404)

Span: TypeAlias = tuple[float, float]


@dataclass
class Written:
    """One secret, and when it may have been gone from Vault, in epoch seconds."""

    path: str
    is_steady: bool
    version: int = 0
    gone: list[Span] = field(default_factory=lambda: [(0.0, float("inf"))])

    def went(self, began: float) -> None:
        """From then on it may be gone."""
        if self.gone[-1][1] < float("inf"):
            self.gone.append((began, float("inf")))

    def came(self, ended: float) -> None:
        """By then it was there, whatever was before."""
        self.gone[-1] = (self.gone[-1][0], min(self.gone[-1][1], ended))

    def may_have_been_gone(self, begin: float, end: float) -> bool:
        """At any moment between the two."""
        return any(since <= end and until >= begin for since, until in self.gone)


class Load:
    """``per_second`` deeds, as the seed says. ``failures`` are the answers that no
    healthy Vault gives."""

    def __init__(
        self, scene: Scene, *, seed: int, per_second: float = 20.0, secrets: int = 12
    ) -> None:
        self.scene = scene
        self.failures: list[str] = []
        self.secrets = [
            Written(f"{kind}/{number}", is_steady=kind == "steady")
            for kind in ("steady", "fickle")
            for number in range(secrets // 2)
        ]
        self.done = 0
        self._dice = random.Random(seed)
        self._pause = 1 / per_second
        self._number = 0
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything is written once, then the load goes on until the block ends."""
        openbao = self.scene.installation.openbao
        vault = Vault(openbao.address, openbao.root_token)
        for secret in self.secrets:
            self._do(vault, "put", secret)
        self._over.clear()
        thread = threading.Thread(target=self._run, args=(vault,))
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self._make_sure(vault)
            vault.close()

    def goes_on(self, seconds: float) -> None:
        """Let it run for so long; not a synchronisation, the length of a fault."""
        threading.Event().wait(seconds)

    def _run(self, vault: Vault) -> None:
        while not self._over.wait(self._pause):
            secret = self._dice.choice(self.secrets)
            deeds = _STEADY_DEEDS if secret.is_steady else tuple(_DEEDS)
            weights = None if secret.is_steady else tuple(_DEEDS.values())
            (deed,) = self._dice.choices(deeds, weights)
            self._do(vault, deed, secret)

    def _make_sure(self, vault: Vault) -> None:
        """Vault is well again: whoever was cut off finds out where it stands."""
        for secret in self.secrets:
            if secret.is_steady:
                self._do(vault, "put", secret)

    def _do(self, vault: Vault, deed: str, secret: Written) -> None:
        began = time.time()
        if deed in _GONE:
            secret.went(began)  # also when the answer never comes
        try:
            self._ask(vault, deed, secret)
        except Refused as error:
            if error.status not in _OUT_OF_TURN:
                self.failures.append(str(error))
        except httpx.HTTPError as error:
            self.failures.append(f"{deed} {secret.path}: {type(error).__name__}")
        else:
            self.done += 1
            if deed in ("put", "patch"):
                secret.came(time.time())

    def _ask(self, vault: Vault, deed: str, secret: Written) -> None:
        self._number += 1
        mount, path = self.scene.mount, self.scene.inside(secret.path)
        match deed:
            case "put":
                made = vault.put(mount, path, {"number": str(self._number)})
                secret.version = made.version or 0
            case "patch":
                made = vault.patch(mount, path, {"patched": str(self._number)})
                secret.version = made.version or 0
            case "delete":
                vault.delete(mount, path)
            case "undelete":
                vault.undelete(mount, path, versions=[max(1, secret.version)])
            case "destroy":
                vault.destroy(mount, path, versions=[max(1, secret.version)])
            case "delete_metadata":
                vault.delete_metadata(mount, path)
