"""Pauses that outlive nothing."""

from __future__ import annotations

from collections.abc import Iterable

from receiver.core.pause import Pause, Subject


class FakeKeptPauses:
    """KeptPauses in memory; it passes the same conformance suite as the real one."""

    def __init__(self) -> None:
        self._pauses: dict[Subject, Pause] = {}

    def all(self) -> list[Pause]:
        def place(pause: Pause) -> tuple[str, str]:
            return pause.rule or "", str(pause.ref or "")

        return sorted(self._pauses.values(), key=place)

    def keep(self, pause: Pause) -> None:
        self._pauses[pause.subject] = pause

    def drop(self, subjects: Iterable[Subject]) -> None:
        for subject in subjects:
            self._pauses.pop(subject, None)
