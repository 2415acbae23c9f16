"""What must hold, of every figure that has a limit, in one place.

Limits are on ratios wherever there is a yardstick: those stay the same on another
machine. By benchmark and by the name of the figure; a name here that no figure bears
any more is told by the report as not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """One limit, of the figure's value in its own unit, or of its ratio."""

    of: Literal["value", "ratio"]
    at_most: float | None = None
    at_least: float | None = None

    def holds(self, value: float, ratio: float | None) -> bool:
        """Whether a figure keeps to it. What has no ratio cannot."""
        number = value if self.of == "value" else ratio
        if number is None:
            return False
        low = self.at_least is None or number >= self.at_least
        return low and (self.at_most is None or number <= self.at_most)


def _ratio(*, at_most: float | None = None, at_least: float | None = None) -> Target:
    return Target("ratio", at_most=at_most, at_least=at_least)


def _value(*, at_most: float | None = None, at_least: float | None = None) -> Target:
    return Target("value", at_most=at_most, at_least=at_least)


_NONE = _value(at_most=0)
_UNCHANGED = "10,000 secrets, nothing changed"
#: What the forwarder may be busy with while Vault writes at a pace.
CONDITIONS = ("forwarder", "receiver down", "receiver answers 503", "spool full")

TARGETS: Mapping[str, Mapping[str, Target]] = {
    "events": {
        "lag p50": _ratio(at_most=1.5),
        "lag p99": _ratio(at_most=2.5),
        "burst of updates": _ratio(at_least=0.8),
        "lag p99 under attack": _ratio(at_most=3.0),
    },
    "reconcile": {
        f"{_UNCHANGED}: calls to Vault": _value(at_most=45),
        f"{_UNCHANGED}: calls to AWS": _value(at_most=102),
        f"{_UNCHANGED}: Vault's side": _ratio(at_most=0.1),
        f"{_UNCHANGED}: peak memory": _value(at_most=200),
    },
    "drain": {
        "unix, one entry a send": _value(at_least=200_000),
        "tcp, one entry a send": _value(at_least=200_000),
        "list of 64 MB, reader's time": _value(at_most=0.2),
        "write of 64 MB, reader's time": _value(at_most=0.2),
        "peak memory, last turn": _ratio(at_most=1.1),
        "entries not counted": _NONE,
        "hints dropped": _NONE,
    },
    "held-up": {
        **{f"{each}: p50": _ratio(at_most=1.25) for each in CONDITIONS},
        **{f"{each}: p99": _ratio(at_most=1.5) for each in CONDITIONS},
        "forwarder stopped, unix: writes": _ratio(at_least=0.5),
        "requests failed": _NONE,
    },
    "soak": {
        **{
            f"{program}: {what}": _value(at_most=limit)
            for program in ("forwarder", "receiver")
            for what, limit in (
                ("memory", 10.0),
                ("file descriptors", 1.0),
                ("threads", 1.0),
                ("write-ahead log", 1.0),
            )
        },
        "secrets not up to date": _NONE,
    },
}
