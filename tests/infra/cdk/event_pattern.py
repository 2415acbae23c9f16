"""Event patterns, evaluated as EventBridge does: as much of them as ours use.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_MISSING = object()


def matches(pattern: dict[str, Any], event: object) -> bool:
    """Whether all fields of the pattern match; of ``$or``, any."""
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(one, event) for one in wanted):
                return False
        elif isinstance(wanted, dict):
            if not any(matches(wanted, below) for below in _below(event, key)):
                return False
        elif not _leaf(wanted, list(_below(event, key))):
            return False
    return True


def _below(event: object, key: str) -> Iterator[object]:
    """The field of an object, or of each object in a list."""
    for one in event if isinstance(event, list) else [event]:
        found = one.get(key, _MISSING) if isinstance(one, dict) else _MISSING
        yield from found if isinstance(found, list) and found else [found]


def _leaf(matchers: list[Any], values: list[object]) -> bool:
    return any(_matches(one, value) for one in matchers for value in values)


def _matches(matcher: object, value: object) -> bool:
    if not isinstance(matcher, dict):
        return value is not _MISSING and value == matcher
    [(operator, wanted)] = matcher.items()
    if operator == "exists":
        return (value is not _MISSING) == wanted
    if value is _MISSING:
        return False
    if operator == "prefix":
        return isinstance(value, str) and value.startswith(wanted)
    if operator == "anything-but":
        if isinstance(wanted, dict):
            [(inner, texts)] = wanted.items()
            assert inner == "prefix", inner
            return not str(value).startswith(tuple(texts))
        return value not in wanted
    raise AssertionError(f"EventBridge has more operators than this: {operator}")
