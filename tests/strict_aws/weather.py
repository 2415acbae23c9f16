"""What AWS does at times, whatever the request: throttle, fail, deny.

Set by a test, and gone when it has happened often enough or on :meth:`clear`. It
applies to every caller of the server, in all Regions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.strict_aws.refusal import Refusal

_KMS = "Access to KMS is not allowed"
_USER = "User is not authorized to perform:"


@dataclass
class Weather:
    """Calls still to be throttled, calls still to fail, and denied operations.

    ``denied`` says for each whether it is the key, not the action, that is denied.
    """

    throttled: int = 0
    failing: int = 0
    denied: dict[str, bool] = field(default_factory=dict)

    def clear(self) -> None:
        """Fair weather again."""
        self.throttled, self.failing = 0, 0
        self.denied.clear()

    def strike(self, operation: str) -> Refusal | None:
        """What hits this call, counted down; None: nothing."""
        if self.throttled:
            self.throttled -= 1
            return Refusal("ThrottlingException", "Rate exceeded")
        if self.failing:
            self.failing -= 1
            return Refusal("InternalServiceError", "An error occurred", status=500)
        if operation in self.denied:
            message = f"{_USER} secretsmanager:{operation}"
            if self.denied[operation]:
                message = _KMS
            return Refusal("AccessDeniedException", message)
        return None

    def bar(self, action: str) -> Refusal | None:
        """The answer of STS to an action that is denied; None: it is not."""
        if action in self.denied:
            return Refusal("AccessDenied", f"{_USER} sts:{action}", status=403)
        return None
