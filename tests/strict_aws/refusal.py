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

    def document(self) -> str:
        """As the older query protocol writes it, which STS speaks."""
        return (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{self.code}</Code>"
            f"<Message>{self.message}</Message></Error>"
            "<RequestId>strict</RequestId></ErrorResponse>"
        )
