"""How AWS says no: an error code, a status and a sentence without the value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """One answer instead of the result. ``status`` is that of HTTP."""

    code: str
    message: str
    status: int = 400

    def body(self) -> dict[str, str]:
        """As the JSON protocol of AWS writes it."""
        return {"__type": self.code, "message": self.message}
