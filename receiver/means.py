"""What it takes to carry something out; handed on whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from receiver.brake import DeleteBrake
from receiver.circuits import Circuits
from receiver.core.rules import TargetSpec
from receiver.core.state import Work
from receiver.ports import Journal, Target
from receiver.stages import Observe, unobserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """``targets`` gives the target of an account and Region for one piece of work;
    ``now`` is in epoch seconds; ``versions_per_day`` of one secret are free, further
    ones are spread out."""

    journal: Journal
    targets: Callable[[TargetSpec, Work], Target]
    brake: DeleteBrake
    circuits: Circuits
    now: Callable[[], float]
    versions_per_day: int = 60
    observe: Observe = unobserved
