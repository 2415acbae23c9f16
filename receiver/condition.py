"""What the receiver says of itself when it is asked: nothing here asks anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from receiver.adapters.vault_token import TokenKeeper
from receiver.circuits import Circuits
from receiver.keyring import Keyring
from receiver.reconcile import Report
from receiver.reconciler import Reconciler


class Condition:
    """Faults, the last comparison, and how Vault and AWS answered last."""

    def __init__(
        self,
        *,
        keeper: TokenKeeper,
        circuits: Circuits,
        reconciler: Reconciler,
        keyring: Keyring,
        set_aside: Path | None,
    ) -> None:
        """``set_aside`` is where an unreadable state file was put at the start."""
        self.keyring = keyring
        self.aws_code = "unknown"
        self._keeper = keeper
        self._circuits = circuits
        self._reconciler = reconciler
        self._set_aside = set_aside

    def dependencies(self) -> Mapping[str, str]:
        """Vault and AWS in a word each."""
        trouble = self._keeper.trouble
        return {"vault": trouble.detail if trouble else "ok", "aws": self.aws_code}

    def comparison(self) -> Mapping[str, Any]:
        """The last comparison of everything; ``last`` and ``next`` in epoch seconds."""
        report, following = self._reconciler.last, self._reconciler.next_at()
        if report is None:
            return {"last": None, "next": following}
        return {"next": following, **_document(report, self._reconciler.last_at)}

    def comparisons(self) -> list[Mapping[str, Any]]:
        """The last few comparisons of everything, the newest first."""
        # A copy first: the comparing thread may add to it meanwhile.
        recent = list(self._reconciler.recent)
        return [_document(report, at) for at, report in reversed(recent)]

    def faults(self) -> list[str]:
        """What somebody must mend, a line each."""
        faults = self.lone_faults() + self._circuits.faults()
        if trouble := self._keeper.trouble:
            faults.append(f"Vault does not take our token: {trouble.detail}")
        if report := self._reconciler.last:
            faults += [f"not compared: {failure}" for failure in report.failures]
        return faults

    def lone_faults(self) -> list[str]:
        """Those of them that nothing else in here shows."""
        faults = self.keyring.faults()
        if self._set_aside:
            faults.append(f"the state was unreadable; it is kept as {self._set_aside}")
        report = self._reconciler.last
        return faults + list(report.faults) if report else faults


def _document(report: Report, at: float | None) -> dict[str, Any]:
    return {
        "last": at,
        "seconds": round(report.seconds, 3),
        "compared": report.compared,
        "differing": dict(report.differing),
        "queued": report.queued,
        "failures": list(report.failures),
        "warnings": list(report.warnings),
        "brake": [asdict(line) for line in report.brake],
    }
