"""The proof sends nothing that could be let through."""

from __future__ import annotations

import pytest

from receiver.core.state import Mount
from receiver.setup.found import Engine
from receiver.setup.proof import Proof
from tests.fakes import FakeSource
from tests.unit.setup.answering import Answer, Vault
from tests.unit.setup.intents import found, intent


class Telling(Vault):
    """Says what may be done, the same everywhere; None: does not say."""

    def __init__(self, held: list[str] | None) -> None:
        super().__init__([Answer(200, {"data": {"policies": ["vault-replicator"]}})])
        self._held = held

    def ask(
        self, method: str, namespace: str, path: str, body: object = None
    ) -> Answer:
        answer = super().ask(method, namespace, path, body)
        if path != "sys/capabilities-self" or self._held is None:
            return answer
        assert isinstance(body, dict)
        return Answer(200, {"data": dict.fromkeys(body["paths"], self._held)})


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("held", [None, ["read", "create"], ["root"]])
def test_no_write_is_tried_that_is_not_known_to_be_refused(
    version: int, held: list[str] | None
) -> None:
    """KV v1 would take it. What may be done is asked before, and an answer that does
    not say it is no permission to try."""
    vault, source = Telling(held), FakeSource(Mount("", "kv", version, "a"))
    engines = {("", "kv"): Engine("kv", version)}
    made = Proof(vault, source, intent(), found(engines=engines)).checks()
    states = {check.name: check.state for check in made}

    assert states["rule r, kv: write"] == "failed"
    writes = {path for method, path, _ in vault.asked if method != "GET"}
    assert writes == {"sys/capabilities-self"}
