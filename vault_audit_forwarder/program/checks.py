"""A preflight: everything is looked at, then the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "warning", "failed", "not verified"]
_MARKS: dict[State, str] = {
    "ok": "✔",
    "warning": "!",
    "failed": "✗",
    "not verified": "?",
}


@dataclass(frozen=True)
class Check:
    """One thing looked at. ``detail`` says what was found, or what to do."""

    name: str
    state: State
    detail: str

    def __str__(self) -> str:
        return f"{_MARKS[self.state]} {self.name}: {self.detail}"


@dataclass(frozen=True)
class Report:
    """All checks of one run."""

    checks: Sequence[Check]

    @property
    def well(self) -> bool:
        """Whether nothing failed; what could not be asked did not fail."""
        return all(check.state != "failed" for check in self.checks)

    @property
    def verdict(self) -> str:
        """One line for a person."""
        return "all well" if self.well else "something failed, see ✗ above"

    def as_json(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {"format_version": 1, "well": self.well, **asdict(self)}

    def as_text(self) -> str:
        """What a person reads."""
        return "\n".join([*map(str, self.checks), "", self.verdict])
