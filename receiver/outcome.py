"""What one round did for one secret under one rule, for logs, metrics and timers."""

from __future__ import annotations

from dataclasses import dataclass

from receiver.core.state import SecretRef, Truth, Value, Work
from receiver.core.times import nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``action`` is none, create, update, repair, restore, delete, held, leave, adopt
    or release; ``lag`` is in seconds, None when the round was not about a newly
    written version. ``expires`` is when Vault will delete the version by itself, in
    epoch seconds: nothing is logged then, so somebody must look. ``detail`` is what
    there is to say besides.
    """

    ref: SecretRef
    rule: str
    name: str
    action: str
    version: int | None = None
    version_id: str | None = None
    lag: float | None = None
    expires: float | None = None
    detail: str | None = None


def lag_of(work: Work, truth: Truth, at: float) -> float | None:
    """Seconds from the write in Vault to ``at``, when an event named the write."""
    if work.hint.created_time is None or not isinstance(truth, Value):
        return None
    if truth.created_time is None:
        return None
    return max(0.0, at - nanoseconds(truth.created_time) / 1e9)


def expiry_of(truth: Truth) -> float | None:
    """When Vault deletes the version, in epoch seconds; None: never."""
    if not isinstance(truth, Value) or truth.deletion_time is None:
        return None
    return nanoseconds(truth.deletion_time) / 1e9
