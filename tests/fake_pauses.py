"""Pauses that outlive nothing."""

from __future__ import annotations

from collections.abc import Iterable

from receiver.core.pause import Pause


class FakeKeptPauses:
    """KeptPauses in memory; it passes the same conformance suite as the real one."""

    def __init__(self) -> None:
        self._pauses: dict[str | None, Pause] = {}

    def all(self) -> list[Pause]:
        return sorted(self._pauses.values(), key=lambda pause: pause.rule or "")

    def keep(self, pause: Pause) -> None:
        self._pauses[pause.rule] = pause

    def drop(self, rules: Iterable[str | None]) -> None:
        for rule in rules:
            self._pauses.pop(rule, None)
