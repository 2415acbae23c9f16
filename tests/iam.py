"""What IAM would answer: as much of its evaluation as our policy uses.

An explicit denial wins, then an allowance, else it is denied. An element, an operator
or a key that is not known here fails loudly, so that a policy cannot pass for want of
knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "NotResource", "Condition"}
_KEYS = {
    "aws:TagKeys",
    "kms:ResourceAliases",
    "kms:ViaService",
    "secretsmanager:ForceDeleteWithoutRecovery",
}
_KINDS = ("aws:RequestTag/", "aws:ResourceTag/")


class Answer(Enum):
    """What becomes of a call. What is merely not granted another policy could grant."""

    ALLOWED = "allowed"
    NOT_GRANTED = "not granted"
    DENIED = "denied"


@dataclass(frozen=True)
class Call:
    """One request. ``context`` holds the condition keys that it has, and ``resource``
    is ``*`` where the action knows none."""

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in self.context:
            _known(key)


def is_allowed(statements: Sequence[Mapping[str, Any]], call: Call) -> bool:
    """Whether a policy of these statements lets the call through."""
    return answer(statements, call) is Answer.ALLOWED


def answer(statements: Sequence[Mapping[str, Any]], call: Call) -> Answer:
    """What such a policy says to it."""
    effects = {one["Effect"] for one in statements if _applies(one, call)}
    if "Deny" in effects:
        return Answer.DENIED
    return Answer.ALLOWED if "Allow" in effects else Answer.NOT_GRANTED


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    if strange := statement.keys() - _ELEMENTS:
        raise AssertionError(f"an element that is not evaluated here: {min(strange)}")
    return (
        _matches(call.action, statement["Action"])
        and (
            not _matches(call.resource, statement["NotResource"])
            if "NotResource" in statement
            else _matches(call.resource, statement["Resource"])
        )
        and all(
            _holds(operator, call.context.get(_known(key)), wanted)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _matches(what: str, patterns: str | Sequence[str]) -> bool:
    several = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(what, pattern) for pattern in several)


def _known(key: str) -> str:
    if key not in _KEYS and not key.startswith(_KINDS):
        raise AssertionError(f"a key that is not evaluated here: {key}")
    return key


def _holds(operator: str, given: Any, wanted: Any) -> bool:
    """``given`` is None where the request has no such key."""
    wants = [wanted] if isinstance(wanted, str) else wanted
    match operator:
        case "StringEquals":
            return given in wants
        case "ForAnyValue:StringEquals":
            return bool(set(given or ()) & set(wants))
        case "Bool":
            return given is not None and str(given).lower() in wants
    raise AssertionError(f"a condition that is not evaluated here: {operator}")
