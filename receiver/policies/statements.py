"""Statements of an IAM policy, and the document that they make. Pure."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

Statement: TypeAlias = dict[str, Any]

#: IAM's quotas, by characters: one managed policy, and all that stand inside a role.
MANAGED, INLINE = 6_144, 10_240


def allow(
    sid: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    condition: dict[str, Any] | None = None,
) -> Statement:
    """What may be done."""
    return _statement("Allow", sid, actions, {"Resource": resources}, condition)


def deny(
    sid: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    condition: dict[str, Any] | None = None,
) -> Statement:
    """What may not, whatever else allows it."""
    return _statement("Deny", sid, actions, {"Resource": resources}, condition)


def deny_but_for(
    exceptions: Sequence[str],
    sid: str,
    actions: Sequence[str],
    condition: dict[str, Any] | None = None,
) -> Statement:
    """The same for everything but these."""
    what = {"NotResource": list(exceptions)} if exceptions else {"Resource": "*"}
    return _statement("Deny", sid, actions, what, condition)


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[str],
    what: dict[str, Any],
    condition: dict[str, Any] | None,
) -> Statement:
    head = {"Sid": sid, "Effect": effect, "Action": list(actions), **what}
    return head | ({"Condition": condition} if condition else {})


def as_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """The policy as IAM reads it."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def length(statements: Iterable[Statement]) -> int:
    """The length of the policy as IAM counts it, which is without white space."""
    return len(json.dumps(as_document(statements), separators=(",", ":")))


def chosen(statements: Iterable[Statement], names: Sequence[str]) -> list[Statement]:
    """Those of these names, whatever their case; without names all. Of several for
    one thing, which are numbered, all are meant."""
    wanted = {name.casefold().replace("-", "") for name in names}
    return [one for one in statements if not wanted or _name(one) in wanted]


def _name(statement: Statement) -> str:
    return str(statement["Sid"]).casefold().rstrip(string.digits)
