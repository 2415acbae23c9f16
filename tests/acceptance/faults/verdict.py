"""After a fault: both sides are equal, what lives was not deleted, nothing made twice.

That both sides are equal must come about by itself, by events and by the comparisons
that gaps cause; only then somebody asks for one more, which must find nothing to do.
That nothing was deleted wrongly is not read from the end, where it could have been
healed, but from the ledger of all that AWS ever did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from receiver.core.fingerprint import SEAL
from tests.acceptance.both_sides import Pair, Truth
from tests.acceptance.faults.load import Load, Written
from tests.acceptance.hand import Hand
from tests.acceptance.scene import wait_until

#: From Vault's answer to a worker until AWS has done the delete, seconds. Longer than
#: any retry within one round; a lease is 120 s.
_DECIDED_WITHIN = 60.0


@dataclass(frozen=True)
class Verdict:
    """``endpoint`` is AWS's own address. ``seals_are_lost``: a round may have ended
    between a create and its seal."""

    load: Load
    reader: httpx.Client
    hand: Hand
    endpoint: str
    seals_are_lost: bool = False

    def all_is_well(self, *, seconds: float = 90.0) -> None:
        """Raises AssertionError, with what is not."""
        wait_until(self._is_equal, "both sides are equal", seconds=seconds)
        assert self.load.done > 0
        scene = self.load.scene
        scene.queue_drains()
        run = scene.reconcile()
        assert (run["state"], run["faults"]) == ("done", []), run
        assert sum(run["done"].values()) == 0, run
        unequal = [s.path for s in self.load.secrets if not self._agrees(s)]
        assert unequal == []
        self._nothing_was_deleted_wrongly()
        self._nothing_was_made_twice()

    def _is_equal(self) -> bool:
        return all(self._agrees(secret) for secret in self.load.secrets)

    def _agrees(self, secret: Written) -> bool:
        truth = self._pair(secret).truth()
        held = self.load.scene.held(secret.path)
        is_live = held is not None and held.deleted is None
        if truth is None or held is None or not is_live:
            return (truth is None) == (not is_live)
        return self._is_current(truth, held.current, secret)

    def _is_current(self, truth: Truth, current: str | None, secret: Written) -> bool:
        if current is None or not current.startswith(truth.prefix):
            return False
        return self.load.scene.value(secret.path) == truth.text

    def _pair(self, secret: Written) -> Pair:
        return Pair(self.load.scene, self.reader, self.hand, secret.path)

    def _nothing_was_deleted_wrongly(self) -> None:
        """For each delete, Vault had a moment shortly before in which it was gone; a
        steady secret never had one."""
        by_name = {self.load.scene.name(one.path): one for one in self.load.secrets}
        for change in self._changes():
            secret = by_name.get(change["name"])
            if secret is not None and change["operation"] == "DeleteSecret":
                at = change["at"]
                assert not secret.is_steady, change
                assert secret.may_have_been_gone(at - _DECIDED_WITHIN, at), change

    def _nothing_was_made_twice(self) -> None:
        """No value has two versions. But where seals are lost it may have, by design,
        until the first seal: only that tells what is ours from a forgery."""
        for secret in self.load.secrets:
            held = self.load.scene.held(secret.path)
            if held is None or held.deleted is not None:
                continue
            unsealed = self._put_unsealed(held.name) if self.seals_are_lost else set()
            ids: dict[str, set[str]] = {}
            for version_id, text in self.hand.values(held.name).items():
                ids.setdefault(text, set()).add(version_id)
            for of_one_value in ids.values():
                assert len(of_one_value - unsealed) <= 1, (held.name, of_one_value)

    def _put_unsealed(self, name: str) -> set[str]:
        """The versions that were made before the secret had a seal."""
        made: set[str] = set()
        for change in self._changes():
            if change["name"] == name:
                if SEAL in change["tags"]:
                    break
                made.add(change["version_id"])
        return made

    def _changes(self) -> list[dict[str, Any]]:
        """Every change that AWS has made to our secrets, in order."""
        answer = httpx.get(
            f"{self.endpoint}/_strict/ledger",
            params={"prefix": self.load.scene.name("")},
            trust_env=False,
        )
        changes: list[dict[str, Any]] = answer.raise_for_status().json()["changes"]
        return changes
