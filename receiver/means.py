"""What it takes to carry something out; handed on whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from receiver.brake import DeleteBrake
from receiver.circuits import Circuits
from receiver.core.rules import TargetSpec
from receiver.core.state import SecretRef, Work
from receiver.ports import Journal, Target
from receiver.stages import Observe, unobserved


def never_paused(_rule: str, _ref: SecretRef) -> None:
    """For whom nobody pauses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """``targets`` gives the target of an account and Region for one piece of work
    under the rule of a name; ``now`` is in epoch seconds; ``versions_per_day`` of one
    secret are free, further ones are spread out. ``check_pause`` raises Temporary while
    a rule is paused."""

    journal: Journal
    targets: Callable[[TargetSpec, Work, str], Target]
    brake: DeleteBrake
    circuits: Circuits
    now: Callable[[], float]
    versions_per_day: int = 60
    check_pause: Callable[[str, SecretRef], None] = never_paused
    observe: Observe = unobserved
