"""What AWS does at times, whatever the request: throttle, fail, deny.

Set by a test, and gone when it has happened often enough or on :meth:`clear`. It
applies to every caller of the server, in all Regions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.strict_aws.refusal import Refusal

_KMS = "Access to KMS is not allowed"
_USER = "User is not authorized to perform:"


@dataclass
class Storm:
    """Shares of all calls, from 0 to 1: to be throttled, to fail, and to be carried
    out and then answered as if they had failed. ``seed`` decides which."""

    throttled: float
    failing: float
    lost: float
    seed: int

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def strike(self) -> Refusal | None:
        """What hits the next call before it is carried out."""
        thrown = self._dice.random()
        if thrown < self.throttled:
            return _throttling()
        return _failure() if thrown < self.throttled + self.failing else None

    def loses(self) -> bool:
        """Whether the answer of a call that was carried out gets lost."""
        return self._dice.random() < self.lost


@dataclass
class Weather:
    """Calls still to be throttled, calls still to fail, calls still to be carried out
    and then answered as if they had failed, and denied operations.

    ``denied`` says for each whether it is the key, not the action, that is denied.
    """

    throttled: int = 0
    failing: int = 0
    lost: int = 0
    denied: dict[str, bool] = field(default_factory=dict)
    storm: Storm | None = None

    def clear(self) -> None:
        """Fair weather again."""
        self.throttled, self.failing, self.lost = 0, 0, 0
        self.denied.clear()
        self.storm = None

    def lose(self) -> Refusal | None:
        """What is said instead of the answer to a call that was carried out."""
        if self.lost:
            self.lost -= 1
            return _failure()
        return _failure() if self.storm and self.storm.loses() else None

    def strike(self, operation: str) -> Refusal | None:
        """What hits this call, counted down; None: nothing."""
        if self.storm and (refusal := self.storm.strike()):
            return refusal
        if self.throttled:
            self.throttled -= 1
            return _throttling()
        if self.failing:
            self.failing -= 1
            return _failure()
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


def _throttling() -> Refusal:
    return Refusal("ThrottlingException", "Rate exceeded")


def _failure() -> Refusal:
    return Refusal("InternalServiceError", "An error occurred", status=500)
