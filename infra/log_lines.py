"""Lines of the receiver's log that CloudWatch counts: by the name of the metric, the
``event`` or the ``level`` of the JSON line. Pure."""

from __future__ import annotations

from collections.abc import Mapping

EVENTS = {
    "Comparisons": "compared",
    "Incomplete": "comparison incomplete",
    "Replicated": "replicated",
    "NotReplicated": "not replicated",
    "Drifted": "drifted",
}
LEVELS = {"Errors": "error"}


def field_of(name: str) -> tuple[str, str]:
    """The field of the line, and what stands there."""
    return ("level", LEVELS[name]) if name in LEVELS else ("event", EVENTS[name])


def counted(name: str, line: Mapping[str, object]) -> bool:
    """Whether a line is one of this metric's."""
    field, value = field_of(name)
    return line.get(field) == value
