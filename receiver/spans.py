"""Where traces look in on a round: around it, and at the end of each of its stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from receiver.core.state import Work
from receiver.outcome import Outcome
from receiver.stages import Observe

Replicate: TypeAlias = Callable[[Work], Sequence[Outcome]]


class Spans(Protocol):
    """Who makes spans."""

    def around(self, replicate: Replicate) -> Replicate:
        """The same, with a span for each call."""

    def beside(self, observe: Observe) -> Observe:
        """The same, with a span for each stage of the call under way."""


class Untraced:
    """Nobody does, and nothing is in the way."""

    def around(self, replicate: Replicate) -> Replicate:
        """Itself."""
        return replicate

    def beside(self, observe: Observe) -> Observe:
        """Itself."""
        return observe
