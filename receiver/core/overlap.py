"""Whether two rules can ever speak of the same secret.

Two rules that write one secret to one place would overwrite each other for ever, so
the configuration is refused instead. Globs are compared as the small automata they
are: is there any path that both accept? Excludes count when one of them plainly
contains the other rule's include; else the answer stays "they can".
"""

from __future__ import annotations

import re
from itertools import product
from typing import Final

from receiver.core.rules import Rule, is_glob

_ANY: Final = "any character"
_NO_SLASH: Final = "any but a slash"
_PART = re.compile(r"\*\*/|\*\*|\*|\?|.", re.DOTALL)
#: One step of an automaton: (what it eats, where it goes); eats None: nothing.
_Steps = list[list[tuple[str | None, int]]]


def can_overlap(one: Rule, other: Rule) -> bool:
    """Whether some reference is matched by both rules."""
    return (
        _meet(one.namespace, other.namespace)
        and _meet(one.mount, other.mount)
        and any(
            _meet(mine, theirs)
            and not _any_contains(one.exclude, theirs)
            and not _any_contains(other.exclude, mine)
            for mine, theirs in product(one.include, other.include)
        )
    )


def _any_contains(globs: tuple[str, ...], included: str) -> bool:
    return any(_contains(glob, included) for glob in globs)


def _contains(glob: str, included: str) -> bool:
    """Whether ``glob`` plainly matches all that ``included`` does."""
    start = glob.removesuffix("**")
    below = glob.endswith("**") and not is_glob(start) and included.startswith(start)
    return below or glob == included


def _meet(one: str, other: str) -> bool:
    """Whether some path is matched by both globs."""
    left, right = _automaton(one), _automaton(other)
    seen = {(0, 0)}
    open_ends = [(0, 0)]
    while open_ends:
        here, there = open_ends.pop()
        if here == len(left) - 1 and there == len(right) - 1:
            return True
        ahead = [(to, there) for eats, to in left[here] if eats is None]
        ahead += [(here, to) for eats, to in right[there] if eats is None]
        ahead += [
            (to, onto)
            for eats, to in left[here]
            for bites, onto in right[there]
            if eats is not None and bites is not None and _share(eats, bites)
        ]
        open_ends += [pair for pair in ahead if pair not in seen]
        seen.update(ahead)
    return False


def _share(one: str, other: str) -> bool:
    """Whether some character is of both classes."""
    if one == other or _ANY in (one, other):
        return True
    return _NO_SLASH in (one, other) and "/" not in (one, other)


def _automaton(glob: str) -> _Steps:
    """Its states in order, each with its steps; the last one accepts."""
    steps: _Steps = [[]]
    for part in _PART.findall(glob):
        here = len(steps) - 1
        if part == "**/":
            steps[here] += [(None, here + 1), (None, here + 2)]
            steps.append([(_ANY, here + 1), ("/", here + 2)])
        elif part in ("**", "*"):
            eats = _ANY if part == "**" else _NO_SLASH
            steps[here] += [(eats, here), (None, here + 1)]
        else:
            steps[here] += [(_NO_SLASH if part == "?" else part, here + 1)]
        steps.append([])
    return steps
