"""Our globs as the patterns that Vault and IAM know. Pure.

Neither knows all of them. Where a pattern must be wider than the glob, it still ends at
the rule's own prefix; where it must not be wider, as in a denial, there is none.

    glob        Vault                                IAM
    *           ``+``, one segment                   ``*``, which crosses slashes
    team-*      ``+``; at the end ``team-*``         ``team-*``
    **          ``*`` at the end, else cut there     ``*``
    ?           ``+`` for its whole segment          ``*``
"""

from __future__ import annotations

import re
from itertools import chain, product

from receiver.core.naming import escape
from receiver.core.rules import is_glob

#: Vault's policies have no wildcard for any depth of namespaces and mounts.
DEEPEST = 3
_WILD = re.compile(r"[*?]+")


def inside(glob: str) -> str:
    """A Vault pattern that covers all paths inside a mount that ``glob`` does."""
    parts: list[str] = []
    segments = glob.split("/")
    for number, segment in enumerate(segments, 1):
        if segment == "**":
            return "/".join([*parts, "*"])
        is_last = number == len(segments)
        parts.append(_ending(segment) if is_last else _segment(segment))
    return "/".join(parts)


def exactly(glob: str) -> str | None:
    """A Vault pattern for just the paths that ``glob`` covers; None: there is none."""
    *parents, last = glob.split("/")
    if all(part == "*" or not is_glob(part) for part in parents) and (
        last in ("*", "**") or not is_glob(last)
    ):
        return inside(glob)
    return None


def places(glob: str) -> list[str]:
    """Vault patterns for namespaces or mounts, to a depth of three where ``glob`` has
    none of its own; the empty one is the root."""
    choices = [
        [[_segment(segment)]] if segment != "**" else _depths()
        for segment in glob.split("/")
    ]
    return sorted({"/".join(chain(*parts)) for parts in product(*choices)})


def _depths() -> list[list[str]]:
    return [["+"] * depth for depth in range(DEEPEST + 1)]


def _segment(segment: str) -> str:
    return "+" if is_glob(segment) else segment


def _ending(segment: str) -> str:
    """Only at its end may a Vault pattern have a ``*``, which then crosses slashes."""
    head = segment[:-1]
    is_prefix = segment.endswith("*") and head and not is_glob(head)
    return segment if is_prefix else _segment(segment)


def in_name(glob: str) -> str:
    """An IAM pattern for what ``glob`` covers, as it stands in a secret's name."""
    literals = (escape(part) for part in _WILD.split(glob))
    return "*".join(literals)
