"""What IAM would answer: as much of its evaluation as our policy uses.

An explicit denial wins, then an allowance, else it is denied. An operator or a key that
is not known here fails loudly, so that a policy cannot pass for want of knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request. ``context`` holds the condition keys that it has."""

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)


def is_allowed(statements: Sequence[Mapping[str, Any]], call: Call) -> bool:
    """Whether a policy of these statements lets the call through."""
    effects = {one["Effect"] for one in statements if _applies(one, call)}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    resources = statement["Resource"]
    patterns = [resources] if isinstance(resources, str) else resources
    return (
        call.action in statement["Action"]
        and any(fnmatchcase(call.resource, pattern) for pattern in patterns)
        and all(
            _holds(operator, key, wanted, call)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _holds(operator: str, key: str, wanted: Any, call: Call) -> bool:
    given = call.context.get(key)
    match operator:
        case "StringEquals":
            return bool(given == wanted)
        case "ForAnyValue:StringEquals":
            return bool(set(given or ()) & set(wanted))
        case "Bool":
            return bool(str(given).lower() == wanted)
    raise AssertionError(f"a condition that is not evaluated here: {operator}")
